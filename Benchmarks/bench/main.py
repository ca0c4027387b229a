"""The command line of the benchmark."""

import argparse
import dataclasses
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from harness import clients, files, layout, peers, processes
from harness.clients import GO, SWIFT

from . import baselines, meter, report
from .rounds import run_round

MEDIA = ("tmpfs", "disk")


def _options(arguments):
    parser = argparse.ArgumentParser(
        prog="Benchmarks/run", description="Puts and gets a file on a Swift and a Go cluster in turn, with two chunk "
        "servers each, and prints MB/s, CPU seconds per GiB over all processes, peak memory and ratios.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--medium", choices=MEDIA, action="append", help="default: both")
    parser.add_argument("--go-only", action="store_true", help="without Swift binaries")
    parser.add_argument("--swift-only", action="store_true", help="without the Go cluster, to try a change quickly")
    parser.add_argument("--json", metavar="FILE", help="also write every round to a file")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    return parser.parse_args(arguments)


def _kinds(options):
    kinds = [kind for kind, left_out in ((SWIFT, options.go_only), (GO, options.swift_only)) if not left_out]
    missing = [clients.binary(kind, name) for kind in kinds for name in ("master", "chunkserver", "client")
               if not clients.binary(kind, name).exists()]
    if missing:
        sys.exit(f"bench: {layout.shown(missing[0])} is not there: run `make build` first, or use --go-only")
    return kinds


def medium_folder(medium):
    """Where the files of a medium go, and the name of its file system."""
    if medium == "tmpfs":
        return Path("/dev/shm"), "/dev/shm"
    chosen = Path(os.environ.get("DFS_BENCH_DISK", layout.ROOT / ".build"))
    chosen.mkdir(parents=True, exist_ok=True)
    with open("/proc/mounts") as lines:
        mounts = [line.split()[1:3] for line in lines]
    inside = [(mount, kind) for mount, kind in mounts if str(chosen.resolve()).startswith(mount)]
    return chosen, max(inside, key=lambda entry: len(entry[0]))[1]


def _baselines(sample, folder):
    """Median of three, taken before the rounds; the synced copies are taken with them."""
    def middle(measure):
        return sorted(measure() for _ in range(3))[1]
    return {
        "tcp": middle(lambda: baselines.tcp_stream(2 << 30)),
        "copy": middle(lambda: baselines.file_copy(sample.path, folder)),
    }


def _run_medium(medium, options, kinds, logs):
    parent, about = medium_folder(medium)
    size = options.size_mib << 20
    with tempfile.TemporaryDirectory(prefix="dfs-bench-", dir=parent) as name:
        folder = Path(name)
        sample = files.make_sample(folder / "bench.bin", f"{options.size_mib}MiB", size)
        reference = _baselines(sample, folder)
        rounds = {kind: [] for kind in kinds}
        two_copies = []
        for number in range(options.rounds):
            # Once a round: a virtual machine's disk has good and bad minutes.
            two_copies.append(baselines.two_synced_copies(sample.path, folder))
            # Each side goes first in turn.
            for kind in kinds if number % 2 == 0 else reversed(kinds):
                one = run_round(kind, sample, folder, logs)
                rounds[kind].append(one)
                print(f"bench: {medium}, round {number + 1}, {kind}: put {one.put_seconds:.2f} s, "
                      f"get {one.get_seconds:.2f} s", file=sys.stderr, flush=True)
    reference["two_copies"] = statistics.median(two_copies)
    summaries = {kind: report.Summary(ones, size) for kind, ones in rounds.items()}
    report.print_medium(medium, about, reference, summaries, size)
    return reference, rounds, summaries


def main(arguments=None):
    options = _options(arguments)
    try:
        peers.build()
    except peers.PeerError as problem:
        sys.exit(f"bench: {problem}")
    kinds = _kinds(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    logs = layout.LOGS / f"bench-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    print(f"# put and get of {options.size_mib} MiB, two chunk servers, median of {options.rounds} rounds, "
          f"{os.cpu_count()} cores\n\nMB are 10^6 bytes. CPU seconds are summed over client, master and chunk servers: "
          "when the call answers, when both\nreplicas are on disk, and when the servers are quiet. A Go cluster "
          "answers with one replica, makes the second one in the\nbackground, and repeats some of those copies.")
    record, is_missed = {}, False
    for medium in options.medium or MEDIA:
        try:
            reference, rounds, summaries = _run_medium(medium, options, kinds, logs)
        except (processes.ProcessError, meter.MeasureError) as problem:
            sys.exit(f"bench: {medium}: {problem}\nlogs: {layout.shown(logs)}")
        record[medium] = {
            "baselines": reference,
            "rounds": [dataclasses.asdict(one) for ones in rounds.values() for one in ones],
        }
        if len(summaries) == 2:
            is_missed |= any(met is False for *_, met in
                             report.goals(medium, reference, summaries[SWIFT], summaries[GO]))
    if options.json:
        Path(options.json).write_text(json.dumps(record, indent=1) + "\n")
    return 1 if options.check and is_missed else 0
