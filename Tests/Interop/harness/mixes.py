"""The matrix: each client puts every size, every client gets it back, both replicas lie on disk."""

import time
import traceback
from dataclasses import replace

from . import clients, files, processes, replicas, transfers
from .clients import GO, PYTHON, SWIFT
from .cluster import Cluster
from .files import LARGE, SMALL
from .results import Row

# After the end of its last writer an appended chunk is sealed; with a server that is slow to answer, this may take.
SEALED_SECONDS = 30
# After a restart of the master, Go clients' open uploads have 30 s to be taken up; then they are settled, which on Go
# servers takes two reads more than 10 s apart.
RESTARTED_SECONDS = 90
SERVER_SETS = ((SWIFT, SWIFT), (SWIFT, GO), (GO, GO))
# All-Go only: uploads slow enough that heartbeats fall into them, which is how a Go master loses chunks.
INDUCED_LOSSES, INDUCED_SECONDS = 4, 7


def is_all_go(master, servers, client=GO):
    return SWIFT not in (master, *servers, client)


def row_for(master, servers, what):
    name = f"{master}/{'+'.join(servers)}/{what}"
    return Row(name, is_control=is_all_go(master, servers, what))


class MatrixJob:
    """The rows of one master and server set share a cluster."""

    def __init__(self, master, servers, putters, getters, samples):
        self.master, self.servers, self.getters, self.samples = master, servers, getters, samples
        self.rows = {putter: row_for(master, servers, putter) for putter in putters}
        self.name = f"{master}-{'-'.join(servers)}"

    def run(self, folder, logs):
        with Cluster(self.master, self.servers, folder, logs) as cluster:
            for putter, row in self.rows.items():
                start = time.monotonic()
                try:
                    self._run_row(cluster, putter, row)
                    row.ran = True
                except processes.ProcessError as problem:
                    row.fail(problem)
                except Exception:
                    row.fail(traceback.format_exc())
                row.problems += cluster.ended()
                row.seconds = time.monotonic() - start

    def _samples(self, putter):
        return [sample for sample in self.samples.values() if sample.size > 0 or putter == SWIFT]

    def _run_row(self, cluster, putter, row):
        if self.master == GO:
            self._after_settling(cluster, putter, row)
        else:
            stored = self._right_after_put(cluster, putter, row) + self._through_a_restart(cluster, putter, row)
            transfers.check_listing(cluster, stored)
            if putter == SWIFT and self.servers.count(SWIFT) == replicas.REPLICATION:
                self._appended(cluster, row)
        if row.is_control and putter == GO:
            induce_losses(cluster, self.samples, row)

    def _after_settling(self, cluster, putter, row):
        """A Go master's file is only right once both replicas are."""
        stored = [transfers.put(cluster, putter, sample, row) for sample in self._samples(putter)]
        stored = transfers.settle(cluster, putter, stored, row)
        for file in stored:
            for getter in self.getters:
                transfers.get(cluster, getter, file, row)

    def _right_after_put(self, cluster, putter, row):
        """A Swift master's file can be read at once, and has both replicas at once, too: a Swift client brings it there,
        or a Swift server that takes it from another client. Only what a client without a complete call put on Go servers
        alone may be unavailable at first."""
        patience = transfers.UNAVAILABLE_SECONDS if SWIFT not in self.servers and putter != SWIFT else 0
        stored = []
        for sample in self._samples(putter):
            stored.append(transfers.put(cluster, putter, sample, row))
            if putter == SWIFT:
                replicas.await_whole(cluster, stored[-1:], 0)
            if not patience:
                self._get_by_all(cluster, stored[-1], row, 0)
                replicas.await_whole(cluster, stored[-1:], 0)
        if patience:
            for file in stored:
                self._get_by_all(cluster, file, row, patience)
        return transfers.settle(cluster, putter, stored, row)

    def _through_a_restart(self, cluster, putter, row):
        """The master is killed right after the puts and started again; the servers find it by themselves."""
        stored = [transfers.put(cluster, putter, self.samples[label], row) for label in (SMALL, LARGE)]
        restarted = cluster.restart_master()
        cluster.await_registrations()
        stored = [replace(file, acknowledged=restarted) for file in stored]
        for file in stored:
            self._get_by_all(cluster, file, row, RESTARTED_SECONDS)
        return transfers.settle(cluster, putter, stored, row)

    def _appended(self, cluster, row):
        """A Swift client appends to a file twice: every client reads all of it right after the answer, while its last chunk
        takes more, and once that is sealed."""
        name, parts = "appended", []
        for label in (LARGE, SMALL):
            parts.append(self.samples[label])
            transfers.append(cluster, parts[-1], name, row)
            whole = files.joined(cluster.folder / "appended", parts)
            stored = replicas.Stored(name, whole, time.monotonic())
            self._get_by_all(cluster, stored, row, 0)
        processes.await_condition(
            lambda: cluster.listed().get(name) == [whole.size], SEALED_SECONDS, f"{name} is sealed", interval=0.5)
        self._get_by_all(cluster, stored, row, 0)

    def _get_by_all(self, cluster, file, row, patience):
        """The Swift client asks again by itself while a file is UNAVAILABLE, so it comes last: the others show it."""
        for getter in sorted(self.getters, key=lambda kind: kind == SWIFT):
            transfers.get(cluster, getter, file, row, patience)


def induce_losses(cluster, samples, row):
    """Shows that an all-Go cluster loses what is uploaded while heartbeats pass: the same loss that is forgiven, and
    counted, in other mixes with a Go master."""
    sample = samples.get("64KiB") or next(iter(samples.values()))
    lost = 0
    for _ in range(INDUCED_LOSSES):
        name = transfers.new_name(PYTHON, sample, GO)
        done = clients.put(PYTHON, cluster.master_address, sample.path, name, upload_seconds=INDUCED_SECONDS)
        stored = replicas.Stored(name, sample, time.monotonic())
        lost += not done.ok
        if done.ok:
            lost += len(replicas.await_whole(cluster, [stored], transfers.GO_MASTER_SECONDS))
        if lost:
            break
    row.induced = lost
    row.notes.append(f"losses induced by an upload of {INDUCED_SECONDS} s: {lost}")
