"""The command line: both systems in turn, beside a plain copy between two of their folders."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import memory
from bench.main import MEDIA, medium_folder
from harness import files, layout, peers, processes
from harness.hosts import HostError, Hosts

from . import systems

MB = 10 ** 6
APT_NEEDS = {
    "/usr/sbin/mfsmaster": "moosefs-master",
    "/usr/sbin/mfschunkserver": "moosefs-chunkserver",
    "/usr/bin/mfsmount": "moosefs-client",
    "/usr/sbin/tc": "iproute2",
}
# A repair that took less says nothing about its rate.
SHORTEST_SECONDS = 1
FOUND_SECONDS, WHOLE_SECONDS = 300, 3600


def _options(arguments):
    parser = argparse.ArgumentParser(
        prog="Benchmarks/run-repair", description="Kills one of four storage nodes of this file system, then of MooseFS, and "
        "measures until it is found and until every chunk has two copies again. Needs root, for network namespaces.")
    parser.add_argument("--chunks", type=int, default=200, help="that are lost, about; twice as many are stored")
    parser.add_argument("--chunk-mib", type=int, default=8, help="size of each, up to 64")
    parser.add_argument("--medium", choices=MEDIA, default="disk")
    parser.add_argument("--dfs-only", action="store_true", help="without MooseFS")
    return parser.parse_args(arguments)


class Result:
    """What came out for one system; seconds are counted from the kill, rates are those of the time in which copies were made."""

    def __init__(self, name, settings, lost, lost_bytes, limit):
        self.name, self.settings, self.lost, self.lost_bytes, self.limit = name, settings, lost, lost_bytes, limit
        self.found = self.begun = self.whole = 0.0

    def cells(self):
        seconds = self.whole - self.begun
        times = [str(self.lost), f"{self.found:.1f}", f"{self.begun:.1f}", f"{self.whole:.1f}"]
        if seconds < SHORTEST_SECONDS:
            return (self.name, *times, "-", f"{self.limit / MB:.0f}", "-")
        rate = self.lost_bytes / seconds
        return (self.name, *times, f"{rate / MB:.0f}", f"{self.limit / MB:.0f}", f"{rate / self.limit:.2f}")


def _make_files(folder, count, size):
    """Files of one chunk each, all different."""
    folder.mkdir()
    for number in range(count):
        files.make_sample(folder / f"{number:04}", "sample", size)


def _copy_limit(sources, target):
    """Bytes a second of a plain copy of those files into another folder, synced at its end."""
    target.mkdir()
    subprocess.run(["sync"], check=True)
    start = time.monotonic()
    for path in sources:
        shutil.copyfile(path, target / path.name)
    subprocess.run(["sync", "-f", target], check=True)
    seconds = time.monotonic() - start
    total = sum(path.stat().st_size for path in sources)
    shutil.rmtree(target)
    return total / seconds


def _measure(kind, hosts, folder, sample, options, logs):
    size = options.chunk_mib << 20
    with kind(hosts, folder / "cluster", logs / kind.name.replace(" ", "-")) as cluster:
        cluster.fill(sample)
        wanted = 2 * options.chunks
        processes.await_condition(lambda: cluster.doubled(size, systems.STORES) >= wanted, 600,
                                  f"two copies of all of {kind.name}")
        # A copy reads from one node's folder what another one writes.
        source = [path for path, length in cluster.chunk_files(systems.SURVIVORS[0]).items() if length >= size]
        limit = _copy_limit(source[:options.chunks], cluster.folder / systems.SURVIVORS[1] / "copy-limit")
        memory.touch(1 << 30)
        before = cluster.begun()
        lost = [length for length in cluster.chunk_files(systems.VICTIM).values() if length >= size]
        result = Result(kind.name, cluster.settings, len(lost), len(lost) * size, limit)
        cluster.kill()
        # Each looks by itself, so that none is noticed late for the sake of another.
        with ThreadPoolExecutor() as pool:
            facts = [pool.submit(systems.await_fact, fact, seconds, f"{kind.name} {what}") for fact, seconds, what in (
                (cluster.is_found, FOUND_SECONDS, "finds that a node is lost"),
                (lambda: cluster.begun() > before, FOUND_SECONDS, "begins to copy"),
                (lambda: cluster.doubled(size, systems.SURVIVORS) >= wanted, WHOLE_SECONDS, "has all copies"))]
            result.found, result.begun, result.whole = (fact.result() for fact in facts)
        systems.await_fact(cluster.is_whole, 120, f"{kind.name} says so itself")
    return result


def _print(results, options, about):
    print(f"# one of four storage nodes lost, chunks of {options.chunk_mib} MiB, two copies, {options.medium} ({about}), "
          f"{os.cpu_count()} cores\n\nSeconds from the kill: until the master knows, until a copy has begun, until every chunk "
          "has two copies.\n")
    lines = [("system", "chunks lost", "found s", "begun s", "whole s", "repair MB/s", "plain copy MB/s", "share")]
    lines += [result.cells() for result in results]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    print()
    for result in results:
        print(f"{result.name} with {result.settings}")


def main(arguments=None):
    options = _options(arguments)
    if not 1 <= options.chunk_mib <= 64:
        sys.exit("bench: --chunk-mib is from 1 to 64, since each file is to be one chunk")
    missing = [name for name in ("master", "chunkserver", "client") if not (layout.swift_bin() / f"dfs-{name}").exists()]
    if missing:
        sys.exit(f"bench: bin/dfs-{missing[0]} is not there: run `make build` first")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parent, about = medium_folder(options.medium)
    # The files, two copies of them, the copies that are lost and made again, and the plain copy.
    needed = 9 * options.chunks * options.chunk_mib << 20
    if shutil.disk_usage(parent).free < needed:
        sys.exit(f"bench: {parent} has less than {needed >> 20} MiB free: use fewer or smaller chunks, or another DFS_BENCH_DISK")
    logs = layout.LOGS / f"repair-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    results = []
    try:
        if not options.dfs_only:
            peers.install_missing(APT_NEEDS)
        with tempfile.TemporaryDirectory(prefix="dfs-bench-", dir=parent) as name, Hosts(systems.HOSTS) as hosts:
            folder = Path(name)
            _make_files(folder / "sample", 2 * options.chunks, options.chunk_mib << 20)
            for kind in (systems.DFSRepair, *(() if options.dfs_only else (systems.MooseFSRepair,))):
                results.append(_measure(kind, hosts, folder, folder / "sample", options, logs))
    except (HostError, peers.PeerError, processes.ProcessError, subprocess.CalledProcessError) as problem:
        sys.exit(f"bench: {problem}\nlogs: {layout.shown(logs)}")
    _print(results, options, about)
    return 0
