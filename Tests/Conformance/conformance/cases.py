"""Which case runs between whom."""

from .peers import GO, NODES, PYTHON, SWIFT

INTEROP = (
    "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
    "timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response", "status_code_and_message",
    "special_status_message", "custom_metadata", "unimplemented_method", "unimplemented_service", "rpc_soak",
    "channel_soak",
)
COMPRESSED = (
    "client_compressed_unary", "client_compressed_streaming", "server_compressed_unary", "server_compressed_streaming")
# Compressed cases that one side's library has no means for, and why.
IMPOSSIBLE = {
    (SWIFT, PYTHON): {case: "the C core does not tell a Python server whether a message came compressed"
                      for case in ("client_compressed_unary", "client_compressed_streaming")},
    (SWIFT, GO): {case: "a server over grpc-go 1.33 answers as the client asks, and cannot choose"
                  for case in ("server_compressed_unary", "server_compressed_streaming")},
    (GO, SWIFT): {"client_compressed_streaming": "a client over grpc-go compresses all messages of a call or none"},
}
# What a client of each kind asks the standard services of a server of ours. Go's library has no v1 of reflection.
SERVICES = {
    SWIFT: (),
    GO: ("health_check", "health_watch", "reflection_v1alpha"),
    PYTHON: ("health_check", "health_watch", "reflection_v1", "reflection_v1alpha"),
}
ALL = INTEROP + COMPRESSED + SERVICES[PYTHON]

# Client and server, of which one is ours, and one of the product's own servers.
IMPLEMENTATIONS = ((SWIFT, SWIFT), (SWIFT, PYTHON), (SWIFT, GO), (PYTHON, SWIFT), (GO, SWIFT))
PAIRS = (*IMPLEMENTATIONS, *((PYTHON, node) for node in NODES))


def of(client, server):
    """The cases of a pair, in order."""
    if server in NODES:
        return SERVICES[client]
    possible = tuple(case for case in COMPRESSED if case not in IMPOSSIBLE.get((client, server), {}))
    return INTEROP + possible + (SERVICES[client] if server == SWIFT else ())
