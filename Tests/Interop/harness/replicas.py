"""Where the copies of a file are, and whether they are right: asked of the master, looked up on disk."""

import time
from dataclasses import dataclass

from . import files, processes
from .clients import GO
from .cluster import Cluster

REPLICATION = 2
POLL_SECONDS = 1
# A Go source copies queued tasks again after the target has the chunk, and truncates it for that. The longest gap is
# that of a chunk which vanishes from a Go server's list until the next scan of its folder.
GO_QUIET_SECONDS = 11
# How long a short replica may stay short before it counts as one that was copied while its source was being written.
GO_SETTLE_SECONDS = 60

WHOLE, PENDING, LOST = "whole", "pending", "lost"


@dataclass(frozen=True)
class Stored:
    """A file that a client put: `acknowledged` is when, on the monotonic clock."""

    name: str
    sample: files.Sample
    acknowledged: float


@dataclass(frozen=True)
class State:
    """WHOLE, PENDING or LOST, and why. `short` tells that all that is wrong is copies that end too early."""

    kind: str
    reason: str = ""
    short: bool = False


def examine(cluster: Cluster, stored: Stored, found):
    """Judges one file by the master's answer `found`."""
    if isinstance(found, str):
        kind = PENDING if cluster.master_kind != GO or found.startswith("UNAVAILABLE") else LOST
        return State(kind, found)
    if stored.sample.size == 0:
        return _examine_chunks(cluster, stored, found)
    indices = [int(chunk["id"].rpartition("_")[2]) for chunk in found]
    if indices != list(range(stored.sample.chunk_count)):
        kind = LOST if cluster.master_kind == GO else PENDING
        return State(kind, f"{stored.name} has the chunks {indices}, not {stored.sample.chunk_count}")
    erased = [chunk["id"] for chunk in found if not chunk["replicas"]]
    if erased and cluster.master_kind == GO:
        return State(LOST, f"the master erased {erased[0]}")
    return _examine_chunks(cluster, stored, found)


def _examine_chunks(cluster, stored, found):
    reasons = []
    for index, chunk in enumerate(found):
        reasons += _examine_chunk(cluster, stored.sample, index, chunk)
    if not reasons:
        return State(WHOLE)
    return State(PENDING, reasons[0], short=all(": short: " in reason for reason in reasons))


def _examine_chunk(cluster, sample, index, chunk):
    servers = {cluster.server_at(address) for address in chunk["replicas"]}
    if None in servers:
        return [f"{chunk['id']} is said to be on a dead server: {chunk['replicas']}"]
    if len(servers) != REPLICATION:
        return [f"{chunk['id']} is on {chunk['replicas']}, not on {REPLICATION} servers"]
    offset = index * files.CHUNK
    length = min(files.CHUNK, sample.size - offset)
    problems = ((s, files.difference(s.chunk_path(chunk["id"]), sample, offset, length)) for s in servers)
    return [f"{chunk['id']} on {server.folder.name}: {problem}" for server, problem in problems if problem]


class Watch:
    """Follows files until their replicas lie on disk with the right bytes."""

    def __init__(self, cluster, all_stored):
        self.cluster = cluster
        self.whole = []
        self._waiting = list(all_stored)
        self._added = time.monotonic()

    def add(self, stored):
        """Adds one more file, which gives all of them the full time again."""
        self._waiting.append(stored)
        self._added = time.monotonic()

    def until_whole(self, seconds):
        """Yields, with the reason, each file that an all-Go cluster can lose, too: only a Go master loses any. Raises
        ProcessError when time is up for another reason."""
        while self._waiting:
            pending, lost = self._poll()
            self._waiting = [stored for stored, _ in pending]
            yield from lost
            passed = time.monotonic() - self._added
            if pending and passed > seconds:
                reasons = "; ".join(state.reason for _, state in pending)
                raise processes.ProcessError(f"replicas not right within {seconds} s: {reasons}")
            if self._waiting:
                time.sleep(POLL_SECONDS)

    def _poll(self):
        found = self.cluster.info([stored.name for stored in self._waiting])
        pending, lost = [], []
        for stored in self._waiting:
            state = examine(self.cluster, stored, found[stored.name])
            if state.kind == WHOLE:
                self.whole.append(stored)
            elif state.kind == LOST:
                lost.append((stored, state.reason))
            elif state.short and self._is_stuck():
                lost.append((stored, "copied while being written: " + state.reason))
            else:
                pending.append((stored, state))
        return pending, lost

    def _is_stuck(self):
        passed = time.monotonic() - self._added
        return passed > GO_SETTLE_SECONDS and self.cluster.master_kind == GO and self.cluster.has_go_server()


def await_whole(cluster, all_stored, seconds):
    """Waits until each file is whole. Returns what was lost, with the reasons."""
    return list(Watch(cluster, all_stored).until_whole(seconds))


def await_quiet(cluster):
    """Under a Go master: waits until no Go server copies anything any more."""
    if cluster.master_kind == GO and cluster.has_go_server():
        processes.await_condition(
            lambda: cluster.quiet_seconds() > GO_QUIET_SECONDS, 120, "Go servers stop copying", interval=0.5)
