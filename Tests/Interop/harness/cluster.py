"""A cluster of real processes: one master, some chunk servers, any of them Swift or Go."""

import itertools
import json
import shutil
import threading
import time

from . import clients, layout, ports, processes
from .clients import GO, SWIFT

# The Go original listens on this port and no other, so such clusters run one after the other.
ORIGINAL_PORT = 8000
_original_port_lock = threading.Lock()

# What shortens a test without touching the Go nodes, whose constants are fixed (they beat every 5 s).
SWIFT_LIVE_THRESHOLD = "15s"

# A Go chunk server beats this often, counted from its start; the rest is what starting up may take.
GO_BEAT_SECONDS, START_SECONDS = 5, 0.4


class Server:
    """A chunk server. `address` is what it registers."""

    def __init__(self, kind, number, cluster):
        self.kind, self.cluster = kind, cluster
        self.port = ports.free_port()
        self.address = f":{self.port}"
        self.folder = cluster.folder / f"{kind}-{number}"
        self.folder.mkdir()
        command = [clients.binary(kind, "chunkserver"), "-port", self.address, "-master", f":{cluster.port}",
                   "-dir", self.folder]
        self.process = processes.Process(
            f"{kind} chunk server {number}", command, cluster.logs / f"chunkserver-{number}-{kind}.log")
        self.started = time.monotonic()
        self.process.await_port(self.port)

    def chunk_path(self, chunk_id):
        return self.folder / chunk_id

    def chunk_files(self):
        """Names and times of change of what counts as a chunk."""
        found = {}
        for path in self.folder.iterdir():
            try:
                if path.is_file() and not path.name.startswith(".dfs"):
                    found[path.name] = path.stat().st_mtime
            except FileNotFoundError:
                pass
        return found


class Cluster:
    """Use as a context manager. `servers` are those alive."""

    def __init__(self, master_kind, server_kinds, folder, logs):
        self.master_kind, self.server_kinds = master_kind, server_kinds
        self.folder, self.logs = folder, logs
        self.servers = []
        self.master = self._asker = None
        self._started = 0
        self._probes = itertools.count()
        self._uses_original = master_kind == GO and layout.original_bin() is not None

    def __enter__(self):
        if self._uses_original:
            _original_port_lock.acquire()
        try:
            self.folder.mkdir(parents=True)
            self.logs.mkdir(parents=True, exist_ok=True)
            self.port = ORIGINAL_PORT if self._uses_original else ports.free_port()
            self.start_master()
            self._asker = processes.Helper(
                [layout.PYTHON, layout.PYTHON_CLIENT, "-master", self.master_address, "answer"], self.logs / "info.log")
            for kind in self.server_kinds:
                self.add_server(kind)
            self.await_registrations()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for server in self.servers:
            server.process.kill()
        for process in (self.master, self._asker):
            if process:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._uses_original:
            _original_port_lock.release()

    @property
    def master_address(self):
        return f"localhost:{self.port}"

    def start_master(self):
        """Starts the master, or starts it again after a kill, on the same port and folder."""
        command = [clients.binary(self.master_kind, "master")]
        if self.master_kind == SWIFT:
            command += ["-listen", f":{self.port}", "-meta-dir", self.folder / "meta",
                        "-live-threshold", SWIFT_LIVE_THRESHOLD]
        elif not self._uses_original:
            command += ["-port", f":{self.port}"]
        self.master = processes.Process(f"{self.master_kind} master", command, self.logs / "master.log")
        self.master.await_port(self.port)

    def restart_master(self):
        """SIGKILL, and the master again on the same port and folder. Returns when, on the monotonic clock."""
        self.master.kill()
        self.start_master()
        return time.monotonic()

    def add_server(self, kind):
        self._started += 1
        server = Server(kind, self._started, self)
        self.servers.append(server)
        return server

    def kill_server(self, server):
        server.process.kill()
        self.servers.remove(server)

    def ended(self):
        """What has ended by itself and should not have, in words."""
        expected = [self.master] + [server.process for server in self.servers]
        return [f"{process.name} ended by itself: {process.log}" for process in expected if process.has_ended()]

    def await_registrations(self):
        """Puts one byte under new names until the master has two servers to offer."""
        probe = self.folder / "probe"
        probe.write_bytes(b"?")

        def accepted():
            return clients.put(clients.PYTHON, self.master_address, probe, f"probe-{next(self._probes)}").ok
        processes.await_condition(accepted, 30, "a first put is accepted", interval=0.5)

    def stored_bytes(self):
        """What the servers' folders hold, unfinished uploads too."""
        total = 0
        for path in (path for server in self.servers for path in server.folder.rglob("*")):
            try:
                total += path.stat().st_blocks * 512
            except FileNotFoundError:
                pass
        return total

    def listed(self):
        """Every path that a Swift master lists, with the lengths of the files there; one each, if all is well."""
        done = clients.list_all(self.master_address)
        if not done.ok:
            raise processes.ProcessError(f"ls failed: {done}")
        lengths = {}
        for entry in map(json.loads, done.output.splitlines()):
            lengths.setdefault(entry["path"], []).append(entry.get("length"))
        return lengths

    def info(self, names):
        """What the master says of each name: the chunks in index order, or an error as a text."""
        return json.loads(self._asker.ask(json.dumps(list(names))))

    def server_at(self, address):
        """The live server of an address as the master gives it, with or without a host."""
        return next((s for s in self.servers if address.rpartition(":")[2] == str(s.port)), None)

    def quiet_seconds(self):
        """Since when no chunk file has changed."""
        times = [changed for server in self.servers for changed in server.chunk_files().values()]
        return time.time() - max(times, default=0)

    def await_beat_gap(self):
        """Sleeps until the longest time without a heartbeat of a Go server begins: what is uploaded then and quickly is
        not lost by a Go master."""
        beats = sorted(server.started % GO_BEAT_SECONDS for server in self.servers if server.kind == GO)
        if not beats:
            return
        gaps = [((after - beat) % GO_BEAT_SECONDS or GO_BEAT_SECONDS, beat)
                for beat, after in zip(beats, beats[1:] + beats[:1])]
        time.sleep((max(gaps)[1] + START_SECONDS - time.monotonic()) % GO_BEAT_SECONDS)

    def has_go_server(self):
        return GO in self.server_kinds
