"""The command line of the benchmark of very many chunk servers."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from harness import layout, processes

from . import main as meta

CHUNKS_PER_FILE = 100


def _options(arguments):
    parser = argparse.ArgumentParser(
        prog="Benchmarks/run-scale", description="Holds very many played chunk servers under one master: first reports, "
        "memory, CPU and heartbeats, by differences and by whole lists.")
    parser.add_argument("--servers", type=int, default=1000, help="chunk servers that are played")
    parser.add_argument("--chunks", type=int, default=100_000, help="chunks on each")
    parser.add_argument("--chunks-per-file", type=int, default=CHUNKS_PER_FILE)
    parser.add_argument("--changes", type=float, nargs="*", default=[0, 1000], metavar="PER_SECOND",
                        help="changes of chunks a second, over all servers")
    parser.add_argument("--lists", type=int, nargs=2, default=[100, 10_000], metavar=("SERVERS", "CHUNKS"),
                        help="the size at which whole lists are measured; 0 0: not at all")
    parser.add_argument("--seconds", type=float, default=30, help="of heartbeats in each measurement")
    parser.add_argument("--folder", default=str(layout.ROOT / ".build"), help="where the stores are made")
    return parser.parse_args(arguments)


def _run(options, folder, servers, chunks, words, name):
    """One master with a fresh start, and one measurement."""
    with meta._swift_master(folder / name, folder) as (master, port, seconds):
        started = meta._mib(master.pid, "VmRSS")
        before = meta._cpu_seconds(master.pid)
        figures = meta._figures(
            "scale", meta._address(port), "--master-pid", master.pid, "--servers", servers, "--duration", options.seconds,
            *words)
        figures["cpu"] = meta._cpu_seconds(master.pid) - before
        figures["started"], figures["start"] = started, seconds
        figures["resident"], figures["peak"] = (meta._mib(master.pid, what) for what in ("VmRSS", "VmHWM"))
    return figures


def _print(kind, figures):
    replicas = figures["servers"] * figures["chunks_per_server"]
    known = (figures["resident"] - figures["started"]) * (1 << 20) / replicas
    print(f"  {kind}, {figures['changes_per_s']:.0f} changes/s: first reports {figures['reported_s']:.1f} s; "
          f"master {figures['master_cpu_per_s']:.3f} CPU s/s; heartbeats p50 {figures['p50_ms']:.2f} ms, "
          f"p99 {figures['p99_ms']:.2f} ms, longest {figures['longest_ms']:.1f} ms; "
          f"memory {figures['started']:.0f} MiB started, {figures['resident']:.0f} MiB resident "
          f"({known:.0f} bytes a replica), {figures['peak']:.0f} MiB at most; "
          f"{figures['full_reports_wanted']:.0f} mismatches", flush=True)


def _measure(options, folder, servers, chunks, kinds, name):
    # Each chunk has two replicas.
    files = max(1, servers * chunks // 2 // options.chunks_per_file)
    words = ("--count", files, "--big", 0, "--chunks", options.chunks_per_file)
    print(f"\n## {servers} servers with {chunks} chunks each: {files} files of {options.chunks_per_file} chunks", flush=True)
    made = meta._figures("fill", "--meta-dir", folder / name, *words)
    print(f"  store made in {made['seconds']:.0f} s", flush=True)
    for kind, flags in kinds:
        _print(kind, _run(options, folder, servers, chunks, (*words, *flags), name))


def main(arguments=None):
    options = _options(arguments)
    if not meta._tool().exists():
        sys.exit(f"bench-scale: {layout.shown(meta._tool())} is not there: run `make bench-scale`")
    try:
        print(f"# {os.cpu_count()} cores, master and played servers on the same machine")
        with tempfile.TemporaryDirectory(prefix="bench-scale-", dir=options.folder) as name:
            folder = Path(name)
            lists, listed = options.lists
            if lists:
                _measure(options, folder, lists, listed, [("lists", ("--lists",)), ("differences", ())], "small")
            kinds = [("differences", ("--changes", rate)) for rate in options.changes]
            _measure(options, folder, options.servers, options.chunks, kinds, "large")
    except processes.ProcessError as error:
        sys.exit(f"bench-scale: {error}")
    return 0
