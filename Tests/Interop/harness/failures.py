"""What a cluster must survive: a chunk server that dies, and a Swift master that dies."""

import shutil
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from . import clients, files, processes, replicas, transfers
from .clients import GO, PYTHON, SWIFT
from .cluster import Cluster
from .files import LARGE, SMALL
from .mixes import RESTARTED_SECONDS, row_for

# A Go master sweeps every 10 s for servers silent for 30 s, names the copy with the next heartbeat (5 s), and hears of
# it from the target's list (scanned every 10 s).
RECOVERY_SECONDS = {GO: 120, SWIFT: 90}
# A restarted master hears of all replicas when the servers have found it again.
RETURN_SECONDS = 60
TWO_GO_BEATS_SECONDS = 11
# An upload has begun when the servers hold so much more, and the slow one of the Python client takes so long a chunk.
BEGUN_BYTES, SLOW_SECONDS = 4 << 20, 2


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
        restarted = cluster.restart_master()
        again = [replace(file, acknowledged=restarted) for file in stored]
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


class MasterKillInPutJob(FailureJob):
    """A Swift master is killed while each client in turn uploads, and started again: a put that succeeds has put the
    file, one that fails has put nothing wrong, and what was there before stays."""

    what = "master-killed-in-put"

    def check(self, cluster, stored):
        for kind in self.client_kinds:
            put = self._put_through_a_kill(cluster, kind)
            stored += [put] if put else []
        restarted = time.monotonic()
        self._get_all(cluster, [replace(file, acknowledged=restarted) for file in stored], RESTARTED_SECONDS)
        replicas.await_whole(cluster, stored, RETURN_SECONDS)
        transfers.check_listing(cluster, stored)

    def _put_through_a_kill(self, cluster, kind):
        """Returns what was put, or None when the client said that it had failed."""
        sample = self.samples[LARGE]
        name = transfers.new_name(kind, sample, self.master)
        before = cluster.stored_bytes()
        with ThreadPoolExecutor(1) as background:
            running = background.submit(clients.put, kind, cluster.master_address, sample.path, name,
                                        upload_seconds=SLOW_SECONDS if kind == PYTHON else None)
            processes.await_condition(
                lambda: running.done() or cluster.stored_bytes() > before + BEGUN_BYTES, clients.CALL_SECONDS,
                f"an upload by the {kind} client begins", interval=0.02)
            in_time = not running.done()
            cluster.restart_master()
            put = running.result()
        self.row.notes.append(f"{kind} put {'' if in_time else 'that was done '}when the master was killed: "
                              f"{'done' if put.ok else 'refused'}")
        cluster.await_registrations()
        if put.ok:
            self.row.puts += 1
            return replicas.Stored(name, sample, time.monotonic())
        self._check_refused(cluster, kind, name, sample)
        return None

    def _check_refused(self, cluster, kind, name, sample):
        """Nothing is there, or what a Go client had sent in whole chunks (the third gap of docs/failure-model.md)."""
        folder = cluster.folder / "refused"
        done = clients.get(SWIFT, cluster.master_address, name, folder)
        size = (folder / name).stat().st_size if done.ok else 0
        if done.ok and (kind == SWIFT or size % files.CHUNK or files.difference(folder / name, sample, 0, size)):
            raise processes.ProcessError(f"the put of {name} by {kind} failed, and yet {size} bytes are there")
        shutil.rmtree(folder, ignore_errors=True)
