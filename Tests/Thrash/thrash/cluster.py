"""A Swift master, Swift and Go chunk servers, and hosts of clients: each in a network namespace and on a small disk of its own."""

import errno
import json
import os
import struct
import subprocess
import time

from harness import clients, hosts, layout, processes
from harness.clients import GO, SWIFT

from .network import Network

MASTER = "master"
SWIFT_SERVERS = ("cs1", "cs2", "cs3", "cs4")
GO_SERVERS = ("go1", "go2")
SERVERS = SWIFT_SERVERS + GO_SERVERS
CLIENT_HOSTS = ("clients-1", "clients-2")
HOSTS = (MASTER, *SERVERS, *CLIENT_HOSTS)

MASTER_PORT, SERVER_PORT = 8000, 9001
CHUNK = 1 << 20
REPLICATION = 2
DISK_MIB = 1024
FILL_ATTEMPTS = 20
# Go servers beat every 5 s.
LIVE_SECONDS = 15
SCRUB_SECONDS = 20


class Node:
    """A process on a host that can be killed, stopped and started again on its folder. `disk` holds that folder."""

    def __init__(self, name, command, port, disk, log, environment):
        self.name, self.port, self.disk, self.log = name, port, disk, log
        self._command, self._environment = command, environment
        self.process = None
        # Whether it should run: one that has ended by itself is a finding, unless it may.
        self.may_end = False
        self.is_wanted = False

    def start(self):
        self.process = processes.Process(self.name, self._command, self.log, self._environment)
        processes.await_condition(self._listens, 30, f"{self.name} listens", interval=0.05)
        self.is_wanted = True

    def _listens(self):
        """By the kernel's table of sockets of its namespace."""
        if self.process.has_ended():
            raise processes.ProcessError(f"{self.name} ended with {self.process.exit_code}: {processes.tail(self.log)}")
        for table in ("tcp", "tcp6"):
            try:
                with open(f"/proc/{self.process.pid}/net/{table}") as lines:
                    rows = [line.split() for line in lines][1:]
            except OSError:
                continue
            if any(row[1].endswith(f":{self.port:04X}") and row[3] == "0A" for row in rows):
                return True
        return False

    def kill(self):
        self.is_wanted = False
        self.process.kill()

    def end(self, seconds=40):
        """SIGTERM; returns whether it ended in time, with status 0 where it is ours."""
        self.is_wanted = False
        self.process.stop(seconds)
        return self.process.exit_code == 0 or self.name in GO_SERVERS


class Cluster:
    """Use as a context manager. `logs` outlives it, the disks do not. `clock_library` is clock.c, built."""

    def __init__(self, folder, logs, clock_library):
        self.folder, self.logs, self._library = folder, logs, clock_library
        self.nodes, self._mounted = {}, []
        self._hosts = hosts.Hosts(HOSTS, is_linked=True)

    def __enter__(self):
        self.logs.mkdir(parents=True, exist_ok=True)
        try:
            self.hosts = self._hosts.__enter__()
            self.network = Network(self.hosts, self._hosts.switch)
            self.master_address = f"{self.hosts[MASTER].address}:{MASTER_PORT}"
            self._add_master()
            for name in SERVERS:
                self._add_server(name)
            for node in self.nodes.values():
                node.start()
            self._await_servers()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for node in self.nodes.values():
            if node.process:
                node.kill()
        for disk in self._mounted:
            subprocess.run(["umount", "-l", disk], check=False)
        self._hosts.__exit__()

    def _add_master(self):
        disk = self._disk(MASTER)
        self._add(MASTER, [
            layout.swift_bin() / "dfs-master", "-listen", self.master_address, "-meta-dir", disk / "meta",
            *self._shared_flags(), "-replication", REPLICATION, "-trash-keep", "30s", "-safe-mode-limit", "60s",
            "-orphan-keep", "168h"], MASTER_PORT, disk)

    def _add_server(self, name):
        disk = self._disk(name)
        kind = SWIFT if name in SWIFT_SERVERS else GO
        command = [clients.binary(kind, "chunkserver"), "-port", self.address(name), "-master", self.master_address, "-dir",
                   disk / "chunks"]
        if kind == SWIFT:
            # Files are replaced and removed all the time here, so many deletions say nothing.
            command += [*self._shared_flags(), "-quarantine-keep", "60s", "-append-idle", "10s", "-deletion-share", "100"]
        self._add(name, command, SERVER_PORT, disk)

    @staticmethod
    def _shared_flags():
        return ["-chunk-size", CHUNK, "-live-threshold", f"{LIVE_SECONDS}s", "-heartbeat-interval", "1s", "-log-level", "debug",
                "-scrub-rate", "64MB", "-scrub-cycle", f"{SCRUB_SECONDS}s"]

    def _add(self, name, command, port, disk):
        clock = self.folder / f"{name}.clock"
        clock.write_bytes(struct.pack("=q", 0))
        self.nodes[name] = Node(name, self.hosts[name].command(command), port, disk, self.logs / f"{name}.log",
                                {"LD_PRELOAD": str(self._library), "THRASH_CLOCK": str(clock)})

    def _disk(self, name):
        disk = self.folder / f"disk-{name}"
        disk.mkdir()
        hosts.run_tool("mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "dfs-thrash", disk)
        self._mounted.append(disk)
        return disk

    # Who is who.

    @property
    def master(self):
        return self.nodes[MASTER]

    def address(self, name):
        return f"{self.hosts[name].address}:{SERVER_PORT}"

    def chunk_folder(self, address):
        """Where the server of this address keeps its chunks."""
        name = next(name for name in SERVERS if self.address(name) == address)
        return self.nodes[name].disk / "chunks"

    # What is asked of it. Calls of the harness itself come from the master's own host, whose links do not matter then.

    def command(self, host, kind, *arguments):
        return self.hosts[host].command([*clients.command(kind, self.master_address), *arguments])

    def client(self, *arguments, seconds=60):
        return processes.run(self.command(MASTER, SWIFT, *arguments), seconds)

    def json_lines(self, *arguments):
        """What a listing says, or nothing where it cannot be had now. `fsck` ends with 1 where it says that files are missing."""
        done = self.client(*arguments)
        return [json.loads(line) for line in done.output.splitlines()] if done.code in (0, 1) else []

    def _await_servers(self):
        def all_live():
            return sum(line.get("isAlive", False) for line in self.json_lines("df", "-json")) == len(SERVERS)
        processes.await_condition(all_live, 60, "the master hears of all chunk servers")
        (self.folder / "probe").write_bytes(b"x")
        processes.await_condition(lambda: self.client("put", "-f", self.folder / "probe", "probe").ok, 30,
                                  "a cluster that works")
        if not self.client("rm", "probe").ok:
            raise processes.ProcessError("the probe cannot be removed")

    # What is done to disks and clocks.

    def set_clock(self, name, seconds):
        """The node's wall clock is ahead of the machine's by so many seconds."""
        with open(self.folder / f"{name}.clock", "r+b") as clock:
            clock.write(struct.pack("=q", seconds))

    def fill_disk(self, name, left=64 << 10):
        """Takes all room but `left`, while the node may be taking some, too."""
        filler = self.nodes[name].disk / "filler"
        for _ in range(FILL_ATTEMPTS):
            found = os.statvfs(filler.parent)
            try:
                with open(filler, "wb") as file:
                    os.posix_fallocate(file.fileno(), 0, max(1, found.f_bavail * found.f_frsize - left))
                return
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        raise processes.ProcessError(f"{filler.parent} cannot be filled: its node writes too fast")

    def empty_disk(self, name):
        (self.nodes[name].disk / "filler").unlink(missing_ok=True)


def wait_until(moment, stop):
    """Until `moment` of the monotonic clock, or the event `stop`."""
    stop.wait(max(0, moment - time.monotonic()))
