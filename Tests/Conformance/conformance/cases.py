"""Which case runs between whom."""

from .peers import GO, NODES, PYTHON, SWIFT

INTEROP = (
    "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
    "timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response", "status_code_and_message",
    "special_status_message", "custom_metadata", "unimplemented_method", "unimplemented_service", "rpc_soak",
    "channel_soak",
)
# What a client of each kind asks the standard services of a server of ours. Go's library has no v1 of reflection.
SERVICES = {
    SWIFT: (),
    GO: ("health_check", "health_watch", "reflection_v1alpha"),
    PYTHON: ("health_check", "health_watch", "reflection_v1", "reflection_v1alpha"),
}
ALL = INTEROP + SERVICES[PYTHON]

# Client and server.
PAIRS = ((SWIFT, SWIFT), (SWIFT, PYTHON), (SWIFT, GO), (PYTHON, SWIFT), (GO, SWIFT),
         *((PYTHON, node) for node in NODES))


def of(client, server):
    """The cases of a pair, in order."""
    if server in NODES:
        return SERVICES[client]
    return INTEROP + (SERVICES[client] if server == SWIFT else ())
