"""The command line: builds the peers, runs the pairs one after the other, prints the table."""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from harness import certificates, layout
from harness.peers import PeerError

from . import cases, h2spec, pairs, peers, table


def _options(arguments):
    parser = argparse.ArgumentParser(
        prog="Tests/Conformance/run",
        description="Runs gRPC's interop tests among Swift, Go and Python as real processes and prints a table.",
        epilog="Environment: DFS_SWIFT_BIN (folder of the Swift programs, default bin), H2SPEC (an h2spec "
               "binary to run against the Swift server, too), DFS_INTEROP_PORTS (first of 4000 ports, default 20000).")
    names = [f"{client}>{server}" for client, server in cases.PAIRS]
    parser.add_argument("--pair", action="append", choices=names, help="only this client and server")
    parser.add_argument("--transport", choices=("plaintext", "tls"), help="only this one")
    return parser.parse_args(arguments)


def _pairs(options, folder):
    """What runs: first all in plaintext, then between implementations over TLS."""
    made = []
    if options.transport != "tls":
        made += [pairs.Pair(*names) for names in cases.PAIRS]
    if options.transport != "plaintext":
        authority = certificates.make(folder)
        made += [pairs.Pair(*names, authority) for names in cases.IMPLEMENTATIONS]
    return [pair for pair in made if not options.pair or f"{pair.client}>{pair.server}" in options.pair]


def main(arguments=None):
    options = _options(arguments)
    tools = [peers.program(peers.SWIFT, side)[0] for side in ("server", "client")]
    for binary in tools + [layout.swift_bin() / node for node in peers.NODES]:
        if not binary.exists():
            sys.exit(f"conformance: {layout.shown(binary)} is not there: run `make conformance`, or set DFS_SWIFT_BIN")
    try:
        peers.build()
    except PeerError as problem:
        sys.exit(f"conformance: {problem}")
    # Ends by an exception, so that every process is taken down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    peers.LOGS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dfs-conformance-") as folder:
        ran = _pairs(options, Path(folder))
        for pair in ran:
            pair.run()
    table.print_table(ran)
    passed, failed = sum(len(pair.passed) for pair in ran), sum(len(pair.problems) for pair in ran)
    if os.environ.get("H2SPEC"):
        frames_passed, problems = h2spec.run(os.environ["H2SPEC"])
        print(f"h2spec: {frames_passed} passed", *problems, sep="\n  ")
        passed, failed = passed + frames_passed, failed + len(problems)
    return table.summarize(passed, failed)
