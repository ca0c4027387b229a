"""The three implementations, both sides of each, and how the Go and Python ones are built."""

from pathlib import Path

from harness import layout, peers

SWIFT, GO, PYTHON = "swift", "go", "python"
# The product's own servers, which have the standard services, too.
NODES = MASTER, CHUNK_SERVER = "dfs-master", "dfs-chunkserver"
SOURCES = Path(__file__).resolve().parents[1]
STUBS = layout.BUILD / "conformance-stubs"
LOGS = layout.BUILD / "conformance-logs"

TESTING_FILES = [f"grpc/testing/{name}.proto" for name in ("empty", "messages", "test")]
SERVICE_FILES = [f"grpc/{name}.proto" for name in ("health/v1/health", "reflection/v1/reflection",
                                                   "reflection/v1alpha/reflection")]
GO_COMMANDS = {"server": "conformance-server", "client": "conformance-client"}

# What the Python programs find their stubs by.
ENVIRONMENT = {"DFS_STUBS": str(STUBS), "PYTHONPATH": str(STUBS)}


def build():
    """Builds the Go and Python peers. Cheap when nothing changed. Raises PeerError."""
    with peers.building():
        peers.build_go("dfs/conformance", SOURCES / "go", {"dfs/testingpb": TESTING_FILES}, GO_COMMANDS)
        peers.build_python(TESTING_FILES + SERVICE_FILES, STUBS)


def server(kind, port, folder, certificates=None):
    """The command of a server; `folder` is where it may keep things. With `certificates` it speaks TLS."""
    if kind == MASTER:
        return [layout.swift_bin() / kind, "-listen", f"localhost:{port}", "-meta-dir", folder]
    if kind == CHUNK_SERVER:
        # It serves whether or not its master is there.
        return [layout.swift_bin() / kind, "-port", f"localhost:{port}", "-dir", folder]
    command = [*program(kind, "server"), "--port", port]
    if certificates:
        command += ["--use_tls", "--tls_cert_file", certificates.certificate, "--tls_key_file", certificates.key]
    return command


def client(kind, port, cases, certificates=None):
    """The command of a client that runs `cases`. With `certificates` it speaks TLS."""
    command = [*program(kind, "client"), "--server_host", "localhost", "--server_port", port,
               "--test_case", ",".join(cases)]
    return command + ["--use_tls", "--ca_file", certificates.authority] if certificates else command


def program(kind, side):
    """The command of a server or a client of the interop tests, without arguments."""
    if kind == PYTHON:
        return [layout.PYTHON, SOURCES / "python" / f"{side}.py"]
    return [layout.GO_BIN / GO_COMMANDS[side] if kind == GO else layout.swift_bin() / f"interop-{side}"]
