"""A master and four chunk servers with the library of `faults.c` in them, and clients that have it, too."""

import json
import re
import time

from harness import layout, ports, processes

from .breakpoints import Breakpoints

SERVERS, REPLICATION = 4, 3
CHUNK = 3 << 20
# Of puts that meet somebody slow: more than the buffers on the way hold, or nobody would be held up.
SLOW_CHUNK = 16 << 20
# A server that is stopped for STOP_SECONDS is dead meanwhile.
LIVE_SECONDS, STOP_SECONDS = 3, 4
CALL_SECONDS = 60
MASTER, CLIENT = "master", "client"


class Node:
    """A process of the cluster that can be killed, stopped and started again on its folder and port."""

    def __init__(self, name, command, folder, port, log, environment):
        self.name, self.folder, self.port, self.log = name, folder, port, log
        self.address = f"127.0.0.1:{port}"
        self._command, self._environment = command, environment
        self.process = None
        self.start()

    def start(self):
        self.process = processes.Process(self.name, self._command, self.log, self._environment)
        self.process.await_port(self.port)
        self.running_since = time.time()

    def has_ended(self):
        return self.process.has_ended()

    def kill(self):
        self.process.kill()


class Cluster:
    """Use as a context manager. `logs` is a folder that outlives the cluster."""

    def __init__(self, folder, logs, library, chunk=CHUNK):
        self.folder, self.logs, self.library, self.chunk = folder, logs, library, chunk
        self.nodes = {}
        # Of all puts that were to meet a fault.
        self.receipts = logs / "receipts"

    def __enter__(self):
        self.folder.mkdir(parents=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        self.breakpoints = Breakpoints(self.folder / "socket")
        try:
            self.master_port = ports.free_port()
            self._add(MASTER, "dfs-master", self.master_port, [
                "-listen", f"127.0.0.1:{self.master_port}", "-meta-dir", self.folder / MASTER,
                "-replication", REPLICATION,
                # What two live servers hold would wait for the third to come back: here a put is looked at, not patience.
                "-repair-grace", "0s"])
            for number in range(SERVERS):
                name, port = f"cs{number}", ports.free_port()
                self._add(name, "dfs-chunkserver", port, [
                    "-port", f"127.0.0.1:{port}", "-master", self.master.address, "-dir", self.folder / name])
            self.await_servers()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for node in self.nodes.values():
            node.kill()
        self.breakpoints.close()

    def _add(self, name, program, port, flags):
        command = [layout.swift_bin() / program, *flags, "-chunk-size", self.chunk, "-live-threshold", f"{LIVE_SECONDS}s",
                   "-heartbeat-interval", "500ms", "-log-level", "debug"]
        environment = self.breakpoints.environment(self.library, name, self.folder / name, port, self.master_port)
        self.nodes[name] = Node(name, command, self.folder / name, port, self.logs / f"{name}.log", environment)

    @property
    def master(self):
        return self.nodes[MASTER]

    @property
    def servers(self):
        return [node for name, node in self.nodes.items() if name != MASTER]

    def client(self, *arguments):
        """Runs a client to its end, without the library."""
        return processes.run([*self._client_command(), *arguments], CALL_SECONDS)

    def start_client(self, log, *arguments):
        """Starts a client with the library and does not wait for it."""
        return processes.Process(
            CLIENT, [*self._client_command(), *(["-stall-limit", "6s"] if self.chunk == SLOW_CHUNK else []), *arguments],
            log, self.breakpoints.environment(self.library, CLIENT, master_port=self.master_port))

    def _client_command(self):
        return [layout.swift_bin() / "dfs-client", "-master", self.master.address]

    # What is there.

    def await_servers(self):
        """Until the master has heard of all servers since they were started or went on, and they have it back where a cut took it away:
        a server without a session with its master acknowledges without a report, so a put would not come to that step."""
        def all_live():
            if not all(self._has_session(server) for server in self.servers):
                return False
            listed = {line.get("address"): line for line in self.json_lines("df", "-json")}
            return all(server.address in listed and listed[server.address]["isAlive"]
                       and listed[server.address]["lastHeardAt"] >= int(server.running_since) for server in self.servers)
        processes.await_condition(all_live, 30, "the master hears of all chunk servers", interval=0.1)

    @staticmethod
    def _has_session(server):
        """Whether the newest word in the server's log about its master is that it found it."""
        log = server.log.read_bytes()
        lost = max(log.rfind(b'msg="no session with the master"'), log.rfind(b'msg="chunks found"'))
        return log.rfind(b'msg="master found"') > lost

    def json_lines(self, *command):
        """What a listing says, or nothing where it cannot be had now."""
        done = self.client(*command)
        return [json.loads(line) for line in done.output.splitlines()] if done.ok else []

    def log_ends(self):
        return {node.name: node.log.stat().st_size for node in self.servers}

    def chain(self, name, index, log_starts):
        """The names of the servers that a chunk goes to, in order, or None where that is not known yet: the first one
        logs it before it writes or forwards anything."""
        pattern = re.compile(
            rf'msg="forwarding a chunk" chunk={re.escape(name)}\.[0-9a-f]{{16}}_{index} to=(\S+)'.encode())
        by_address = {server.address: server.name for server in self.servers}
        for server in self.servers:
            with open(server.log, "rb") as log:
                log.seek(log_starts[server.name])
                for match in pattern.finditer(log.read()):
                    targets = match.group(1).decode().split(",")
                    if len(targets) == REPLICATION - 1:
                        return [server.name] + [by_address[target] for target in targets]
        return None

    # What is done to it.

    def restart_all(self):
        """SIGKILL for all, and all again."""
        for node in self.nodes.values():
            node.kill()
        for node in self.nodes.values():
            node.start()
        self.await_servers()
