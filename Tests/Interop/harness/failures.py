"""What a cluster must survive: a chunk server that dies, and a Swift master that dies."""

import time
import traceback

from . import processes, replicas, transfers
from .clients import GO, SWIFT
from .cluster import Cluster
from .mixes import row_for

# A Go master sweeps every 10 s for servers silent for 30 s, names the copy with the next heartbeat (5 s), and hears of
# it from the target's list (scanned every 10 s).
RECOVERY_SECONDS = {GO: 120, SWIFT: 90}
# A restarted master hears of all replicas when the servers have found it again.
RETURN_SECONDS = 60
TWO_GO_BEATS_SECONDS = 11
LARGE, SMALL = "64MiB+1", "64KiB"


class FailureJob:
    """A small cluster with a few files, on which one thing is made to go wrong."""

    what = ""

    def __init__(self, master, servers, client_kinds, samples):
        self.master, self.servers, self.client_kinds, self.samples = master, servers, client_kinds, samples
        self.row = row_for(master, servers, self.what)
        self.rows = {self.what: self.row}
        self.name = self.row.name.replace("/", "-").replace("+", "-")

    def run(self, folder, logs):
        start = time.monotonic()
        try:
            with Cluster(self.master, self.servers, folder, logs) as cluster:
                self.check(cluster, self._put_files(cluster))
                self.row.problems += cluster.ended()
            self.row.ran = True
        except processes.ProcessError as problem:
            self.row.fail(problem)
        except Exception:
            self.row.fail(traceback.format_exc())
        self.row.seconds = time.monotonic() - start

    def _put_files(self, cluster):
        """One large file by the first client, a small one by each; all with both replicas when this returns."""
        stored = []
        for kind in self.client_kinds:
            labels = [SMALL, LARGE] if kind == self.client_kinds[0] else [SMALL]
            mine = [transfers.put(cluster, kind, self.samples[label], self.row) for label in labels]
            stored += transfers.settle(cluster, kind, mine, self.row)
        return stored

    def _get_all(self, cluster, stored, patience=0.0):
        for file in stored:
            for kind in self.client_kinds:
                transfers.get(cluster, kind, file, self.row, patience)

    def check(self, cluster, stored):
        raise NotImplementedError


class ServerKillJob(FailureJob):
    """A chunk server is killed and its chunks come back at factor 2 on a third. With one server of each kind both die
    in turn, so that copies go from Go to Swift and from Swift to Go."""

    what = "server-killed"

    def check(self, cluster, stored):
        for victim in list(cluster.servers)[:len(set(self.servers))]:
            cluster.add_server(victim.kind)
            cluster.kill_server(victim)
            start = time.monotonic()
            lost = replicas.await_whole(cluster, stored, RECOVERY_SECONDS[self.master])
            if lost:
                raise processes.ProcessError(f"lost with server {victim.address}: {lost[0][0].name}: {lost[0][1]}")
            took = time.monotonic() - start
            self.row.notes.append(f"a {victim.kind} server killed, factor 2 again after {took:.0f} s")
            replicas.await_quiet(cluster)
            self._get_all(cluster, stored)


class MasterKillJob(FailureJob):
    """A Swift master is killed and started again: every file is still there, and no server is told to delete."""

    what = "master-killed"

    def check(self, cluster, stored):
        before = {server: set(server.chunk_files()) for server in cluster.servers}
        cluster.master.kill()
        cluster.start_master()
        restarted = time.monotonic()
        again = [replicas.Stored(file.name, file.sample, restarted) for file in stored]
        self._get_all(cluster, again, patience=RETURN_SECONDS)
        replicas.await_whole(cluster, again, RETURN_SECONDS)
        # That nothing is deleted shows only in time: let every server beat twice to the new master.
        time.sleep(max(0, restarted + TWO_GO_BEATS_SECONDS - time.monotonic()))
        for server, names in before.items():
            missing = names - set(server.chunk_files())
            if missing:
                raise processes.ProcessError(f"deleted on {server.folder.name} after the restart: {sorted(missing)}")
        kind = self.client_kinds[0]
        late = [transfers.put(cluster, kind, self.samples[SMALL], self.row)]
        transfers.settle(cluster, kind, late, self.row)
        self._get_all(cluster, late)
