"""The command line: picks the mixes, runs their clusters side by side, prints the table."""

import argparse
import fnmatch
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import clients, files, layout, peers, processes, results
from .clients import GO, KINDS, SWIFT
from .failures import MasterKillInPutJob, MasterKillJob, ServerKillJob
from .mixes import SERVER_SETS, MatrixJob, is_all_go, row_for

QUICK_LABELS = ("0", "1", "64KiB", "64MiB+1")
# A matrix cluster keeps up to 3 GiB; the small ones of the failure jobs mostly wait.
MATRIX_AT_ONCE, FAILURES_AT_ONCE = 2, 9
SCRATCH_BYTES = 10 << 30


def _options(arguments):
    parser = argparse.ArgumentParser(
        prog="Tests/Interop/run",
        description="Runs every mix of Swift, Go and Python nodes as real processes and prints a table.",
        epilog="A mix is master/servers/client, such as swift/swift+go/python, or ends in server-killed, "
               "master-killed or master-killed-in-put. Environment: DFS_SWIFT_BIN (folder of the Swift binaries, "
               "default bin), DFS_GO_BIN (folder of the Go original's binaries instead of our Go nodes), "
               "DFS_INTEROP_TMP (scratch folder), DFS_INTEROP_PORTS (first of 4000 ports, default 20000).")
    parser.add_argument("--mix", metavar="PATTERN", default="*", help="only mixes whose name matches (shell pattern)")
    parser.add_argument("--quick", action="store_true", help="fewer sizes")
    parser.add_argument("--go-only", action="store_true", help="only the all-Go control, without Swift binaries")
    parser.add_argument("--list", action="store_true", help="print the names of the mixes and leave")
    return parser.parse_args(arguments)


def plan(options, samples):
    """The jobs of all mixes that the pattern picks."""
    kinds = tuple(kind for kind in KINDS if kind != SWIFT) if options.go_only else KINDS
    matrix, failures = [], []
    for master in (SWIFT, GO):
        for servers in SERVER_SETS:
            if options.go_only and not is_all_go(master, servers):
                continue
            putters = [kind for kind in kinds if _picked(options, master, servers, kind)]
            if putters:
                matrix.append(MatrixJob(master, servers, putters, kinds, samples))
            jobs = (ServerKillJob, MasterKillJob, MasterKillInPutJob) if master == SWIFT else (ServerKillJob,)
            failures += [job(master, servers, kinds, samples) for job in jobs
                         if _picked(options, master, servers, job.what)]
    return matrix, failures


def _picked(options, master, servers, what):
    return fnmatch.fnmatchcase(row_for(master, servers, what).name, options.mix)


def _run_job(job, folder, logs):
    """Runs one job; its logs stay only if it failed."""
    start = time.monotonic()
    own = logs / job.name
    try:
        job.run(folder / job.name, own)
    except Exception as problem:
        expected = isinstance(problem, processes.ProcessError)
        for row in job.rows.values():
            row.fail(problem if expected else traceback.format_exc())
    failed = [row for row in job.rows.values() if row.result == results.FAILED]
    for row in failed:
        row.notes.append(f"logs: {layout.shown(own)}")
    if not failed:
        shutil.rmtree(own, ignore_errors=True)
    outcome = f"{len(failed)} failed" if failed else "done"
    print(f"interop: {job.name}: {outcome} after {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)


def _run_all(matrix, failures, folder, logs):
    with ThreadPoolExecutor(MATRIX_AT_ONCE) as first, ThreadPoolExecutor(FAILURES_AT_ONCE) as second:
        running = [second.submit(_run_job, job, folder, logs) for job in failures]
        running += [first.submit(_run_job, job, folder, logs) for job in matrix]
        for job in running:
            job.result()


def _check_binaries(kind, remedy):
    for name in ("master", "chunkserver", "client"):
        binary = clients.binary(kind, name)
        if not binary.exists():
            sys.exit(f"interop: {layout.shown(binary)} is not there: {remedy}")


def main(arguments=None):
    options = _options(arguments)
    if options.list:
        for job in sum(plan(options, {}), []):
            print("\n".join(row.name for row in job.rows.values()))
        return 0
    results.self_test()
    if not options.go_only:
        _check_binaries(SWIFT, "run `make build` first, or set DFS_SWIFT_BIN, or use --go-only")
    if layout.original_bin():
        _check_binaries(GO, "DFS_GO_BIN names the folder of the Go original's three binaries")
    try:
        peers.build()
    except peers.PeerError as problem:
        sys.exit(f"interop: {problem}")
    # Ends by an exception, so that every cluster is taken down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    labels = QUICK_LABELS if options.quick else tuple(files.SIZES)
    logs = layout.LOGS / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="dfs-interop-", dir=files.scratch_parent(SCRATCH_BYTES)) as name:
        folder = Path(name)
        matrix, failures = plan(options, files.make_samples(folder, labels))
        if not matrix and not failures:
            sys.exit(f"interop: no mix matches {options.mix}")
        _run_all(matrix, failures, folder, logs)
    if logs.exists() and not any(logs.iterdir()):
        logs.rmdir()
    rows = [row for job in matrix + failures for row in job.rows.values()]
    results.judge_go_faults(rows)
    results.print_table(rows)
    return results.summarize(rows)
