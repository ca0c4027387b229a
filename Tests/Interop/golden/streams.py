"""Records whole HTTP/2 connections between the Go and Python peers."""

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import grpc

import masterService_pb2 as masterpb
import masterService_pb2_grpc as mastergrpc
from harness import layout, ports, processes
from messages import pattern
from tee import Tee

GO = "grpc-go 1.33.3"
CORE = f"grpcio {version('grpcio')} (C core)"
FILE_BYTES = 40000  # more than two 16 KiB frames, small enough to commit
CLIENTS = {"go": [layout.GO_BIN / "dfs-client"], "python": [sys.executable, layout.PYTHON_CLIENT]}


class Cluster:
    """A Go master and one Go chunk server, each behind a tee. The chunk server beats to a master of its own, and the
    tee's address is registered in its stead, so that clients come through the tee."""

    def __init__(self, folder):
        self.folder = folder
        self.master_port, self.server_port = ports.free_port(), ports.free_port()
        self.master = self._start("master", "-port", f":{self.master_port}")
        self.master.await_port(self.master_port)
        (folder / "chunks").mkdir()
        self.server = self._start("chunkserver", "-port", f":{self.server_port}", "-master",
                                  f"localhost:{ports.free_port()}", "-dir", folder / "chunks")
        self.server.await_port(self.server_port)
        self.tee_master = Tee(ports.free_port(), self.master_port)
        self.tee_server = Tee(ports.free_port(), self.server_port)
        stub = mastergrpc.MasterServiceStub(grpc.insecure_channel(f"localhost:{self.master_port}"))
        for free, address in ((2000, f"127.0.0.1:{self.tee_server.port}"), (1000, "127.0.0.1:1")):
            stub.RegisterChunkServer(masterpb.RegisterChunkServerRequest(server_address=address, free_storage=free))

    def _start(self, name, *arguments):
        return processes.Process(name, [layout.GO_BIN / f"dfs-{name}", *arguments], self.folder / f"{name}.log")

    def end(self):
        self.master.kill()
        self.server.kill()
        self.tee_master.close()
        self.tee_server.close()


def _save(tee, target, name, client, server, what):
    tee.save(target / f"{name}.txt", [
        what, f"client: {client}", f"server: {server}", "made by: Tests/Interop/golden/capture"])


def _client_session(target, kind, folder):
    """One client process each for put, get, a name taken and a name unknown, all against Go servers."""
    local = folder / "local.bin"
    local.write_bytes(pattern(FILE_BYTES))
    peer = GO if kind == "go" else CORE
    for command, what in (("put", f"put of {FILE_BYTES} bytes"), ("get", "get of that file")):
        cluster = Cluster(Path(tempfile.mkdtemp(dir=folder)))
        to = ["-master", f"localhost:{cluster.tee_master.port}"]
        if command == "get":
            direct = ["-master", f"localhost:{cluster.master_port}"]
            assert processes.run([*CLIENTS[kind], *direct, "put", local, "movie.bin"], 20).ok
            cluster.tee_server.connections.clear()
        arguments = ["put", local, "movie.bin"] if command == "put" else ["get", "movie.bin", cluster.folder]
        done = processes.run([*CLIENTS[kind], *to, *arguments], 20)
        assert done.ok, done
        _save(cluster.tee_master, target, f"{kind}-client-{command}-master", peer, GO, f"Master side of a {what}.")
        _save(cluster.tee_server, target, f"{kind}-client-{command}-chunkserver", peer, GO,
              f"Chunk server side of a {what}.")
        _refused(target, kind, cluster, local) if command == "get" else None
        cluster.end()


def _refused(target, kind, cluster, local):
    for name, arguments in (("name-taken", ["put", local, "movie.bin"]), ("no-such-file", ["get", "none", "."])):
        tee = Tee(ports.free_port(), cluster.master_port)
        done = processes.run([*CLIENTS[kind], "-master", f"localhost:{tee.port}", *arguments], 20)
        assert not done.ok, done
        _save(tee, target, f"{kind}-client-{name}", GO if kind == "go" else CORE, GO,
              f"A call that the master refuses with UNKNOWN: {name}.")
        tee.close()


def _heartbeat_session(target, folder):
    """A Go chunk server from its registration to the second heartbeat, whose answer orders a deletion."""
    port = ports.free_port()
    master = processes.Process("master", [layout.GO_BIN / "dfs-master", "-port", f":{port}"], folder / "master.log")
    master.await_port(port)
    tee = Tee(ports.free_port(), port)
    chunks = folder / "beating"
    chunks.mkdir()
    own = ports.free_port()
    command = [layout.GO_BIN / "dfs-chunkserver", "-port", f":{own}", "-master", f":{tee.port}", "-dir", chunks]
    server = processes.Process("chunkserver", command, folder / "chunkserver.log")
    processes.await_condition(lambda: "registered" in processes.tail(server.log), 10, "registration")
    stray = chunks / "stray_0"
    stray.write_bytes(b"nobody knows this chunk")
    processes.await_condition(lambda: not stray.exists(), 30, "the deletion of a stray chunk")
    server.kill()
    master.kill()
    tee.close()
    _save(tee, target, "go-chunkserver-heartbeat", GO, GO,
          "A chunk server registers and beats until a response orders the deletion of a chunk.")


def _core_server_session(target, folder):
    """The Go client against C-core servers: what a C-core server sends."""
    upstream = ports.free_port()
    tee = Tee(ports.free_port(), upstream)
    command = [sys.executable, Path(__file__).with_name("core_server.py"), upstream, f"127.0.0.1:{tee.port}"]
    server = processes.Process("core server", command, folder / "core.log")
    server.await_port(upstream)
    local = folder / "local.bin"
    client = [layout.GO_BIN / "dfs-client", "-master", f"127.0.0.1:{tee.port}"]
    for arguments in (["put", local, "movie.bin"], ["get", "movie.bin", folder], ["get", "none", folder]):
        processes.run([*client, *arguments], 20)
    server.kill()
    tee.close()
    _save(tee, target, "python-server", GO, CORE,
          "put, get and a get of no such file: each a connection to the master and one to the chunk server.")


def capture(target):
    with tempfile.TemporaryDirectory(prefix="dfs-golden-") as name:
        folder = Path(name)
        for kind in CLIENTS:
            _client_session(target, kind, folder)
        _heartbeat_session(target, folder)
        _core_server_session(target, folder)
