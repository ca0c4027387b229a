"""One round: a fresh cluster, one put, one get, everything measured and every byte checked."""

import os
import shutil
import time
from dataclasses import dataclass

from harness import clients, files, processes, replicas
from harness.clients import GO
from harness.cluster import Cluster

from . import memory, meter

ATTEMPTS = 20
GO_REPLICATION_SECONDS = 240


@dataclass(frozen=True)
class Round:
    """Seconds, CPU seconds over all processes of cluster and client, and peak MiB by kind of process."""

    kind: str
    put_seconds: float
    put_cpu: float          # when the put is acknowledged
    put_cpu_copied: float   # when both replicas are on disk
    put_cpu_settled: float  # when the servers are quiet: Go servers make some copies more than once
    get_seconds: float
    get_cpu: float
    peaks: dict
    go_faults: int


class LostFile(Exception):
    """A Go master lost the file that was just put."""


def run_round(kind, sample, folder, logs):
    """Repeats a round whose file a Go master lost, as it does when heartbeats fall into an upload."""
    for faults in range(ATTEMPTS):
        with Cluster(kind, (kind, kind), folder / f"{kind}-cluster", logs / kind) as cluster:
            try:
                return _round(cluster, kind, sample, faults)
            except LostFile:
                continue
    raise processes.ProcessError(f"the {kind} cluster lost the file {ATTEMPTS} times")


def _cluster_cpu(cluster):
    return sum(meter.cpu_seconds(process.pid) for process in (cluster.master, *(s.process for s in cluster.servers)))


def _round(cluster, kind, sample, faults):
    client = clients.command(kind, cluster.master_address)
    os.sync()
    # What two replicas take, and room to spare.
    memory.touch(3 * sample.size)
    cluster.await_beat_gap()
    before = _cluster_cpu(cluster)
    put = meter.measure([*client, "put", sample.path, "bench.bin"])
    put_cpu = put.cpu + _cluster_cpu(cluster) - before
    _await_copies(cluster, kind, sample)
    copied_cpu = put.cpu + _cluster_cpu(cluster) - before
    replicas.await_quiet(cluster)
    settled_cpu = put.cpu + _cluster_cpu(cluster) - before

    target = cluster.folder / "got"
    target.mkdir()
    os.sync()
    memory.touch(3 * sample.size)
    before = _cluster_cpu(cluster)
    get = meter.measure([*client, "get", "bench.bin", target])
    get_cpu = get.cpu + _cluster_cpu(cluster) - before
    problem = files.difference(target / "bench.bin", sample)
    if problem:
        raise processes.ProcessError(f"get from the {kind} cluster: {problem}")
    shutil.rmtree(target)
    peaks = {
        "master": meter.peak_mib(cluster.master.pid),
        "chunk server": max(meter.peak_mib(server.process.pid) for server in cluster.servers),
        "client": max(put.peak, get.peak),
    }
    return Round(kind, put.seconds, put_cpu, copied_cpu, settled_cpu, get.seconds, get_cpu, peaks, faults)


def _await_copies(cluster, kind, sample):
    """Checks both replicas, at once for Swift; a Go cluster makes the second one in its own time."""
    stored = replicas.Stored("bench.bin", sample, time.monotonic())
    if replicas.await_whole(cluster, [stored], GO_REPLICATION_SECONDS if kind == GO else 0):
        raise LostFile
