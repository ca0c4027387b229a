"""The command line of the gRPC benchmark."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from harness import certificates, layout, peers, ports, processes

from .workloads import workloads

SWIFT, GO = "swift", "go"
SOURCES = Path(__file__).resolve().parent / "go"
IDLE_CONNECTIONS = 5000


def _options(arguments):
    parser = argparse.ArgumentParser(
        prog="Benchmarks/run-rpc", description="Drives the Swift server and grpc-go's with the same load, in turn, and "
        "prints rates, latencies and CPU time. Each server has one thread, and so has the load.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2, help="of each unary workload")
    parser.add_argument("--only", default="", help="workloads whose name has this in it")
    parser.add_argument("--json", metavar="FILE", help="also write every figure to a file")
    return parser.parse_args(arguments)


def _program():
    return layout.swift_bin() / "rpc-bench"


@contextmanager
def _server(kind, logs, secrets=None):
    """A server; over TLS where it has `secrets`."""
    port = ports.free_port()
    command = {SWIFT: [_program(), "serve"], GO: [layout.GO_BIN / "rpc-bench-server"]}[kind]
    if secrets:
        command = [*command, "--tls-cert", secrets.certificate, "--tls-key", secrets.key]
    server = processes.Process(
        f"{kind} server", [*command, "--listen", f"127.0.0.1:{port}"], logs / f"{kind}.log")
    try:
        server.await_port(port)
        yield server, port
    finally:
        server.kill()


def _load(server, port, arguments):
    """One run of the load generator: its figures by name."""
    command = [_program(), "load", f"127.0.0.1:{port}", "--server-pid", server.pid, *arguments]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise processes.ProcessError(f"rpc-bench load failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def _resident_kib(pid):
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _idle_connection_kib(kind, logs):
    """What the server's memory grows by for each of many connections that do nothing."""
    with _server(kind, logs) as (server, port):
        _load(server, port, ["--kind", "unary", "--duration", 0.5])
        before = _resident_kib(server.pid)
        load = subprocess.Popen(
            [str(word) for word in [_program(), "load", f"127.0.0.1:{port}", "--kind", "idle", "--duration", 4,
                                    "--connections", IDLE_CONNECTIONS]], stdout=subprocess.DEVNULL)
        grown = 0
        while load.poll() is None:
            grown = max(grown, _resident_kib(server.pid) - before)
            try:
                load.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
        if load.returncode:
            raise processes.ProcessError(f"rpc-bench load of idle connections ended with {load.returncode}")
    return grown / IDLE_CONNECTIONS


def _median(rounds, figure):
    values = sorted(figures[figure] for figures in rounds)
    return values[len(values) // 2]


def _measure(workload, rounds, logs, secrets):
    """The figures of each server, taken in turn."""
    results = {SWIFT: [], GO: []}
    secrets = secrets if workload.over_tls else None
    arguments = [*workload.arguments, *(["--tls-ca", secrets.authority] if secrets else [])]
    for number in range(rounds):
        for kind in (SWIFT, GO) if number % 2 == 0 else (GO, SWIFT):
            with _server(kind, logs, secrets) as (server, port):
                results[kind].append(_load(server, port, arguments))
    return results


def _report(workload, results):
    print(f"\n## {workload.name}")
    for figure in workload.figures:
        swift, go = (_median(results[kind], figure) for kind in (SWIFT, GO))
        ratio = f"{swift / go:.2f}" if go else "-"
        print(f"{figure:22} swift {swift:12.2f}   go {go:12.2f}   ratio {ratio}")
    if "mb_per_s" in workload.figures:
        own = _median(results[SWIFT], "server_cpu_s_per_gib") + _median(results[SWIFT], "client_cpu_s_per_gib")
        print(f"{'both ends, Swift':22} {own:18.2f} CPU s/GiB")
    sys.stdout.flush()


def main(arguments=None):
    options = _options(arguments)
    if not _program().exists():
        sys.exit(f"bench-rpc: {layout.shown(_program())} is not there: run `make build` first")
    try:
        with peers.building():
            peers.build_go("dfs/rpcbench", SOURCES, {}, {"server": "rpc-bench-server"})
        print(f"# one thread each for server and load, median of {options.rounds} rounds, {os.cpu_count()} cores")
        everything = {}
        with tempfile.TemporaryDirectory(prefix="dfs-bench-rpc-") as folder:
            logs = Path(folder)
            secrets = certificates.make(logs / "certificates")
            for workload in workloads(options.seconds):
                if options.only in workload.name:
                    everything[workload.name] = _measure(workload, options.rounds, logs, secrets)
                    _report(workload, everything[workload.name])
            if options.only in "idle":
                idle = {kind: _idle_connection_kib(kind, logs) for kind in (SWIFT, GO)}
                everything["idle connection KiB"] = idle
                print(f"\n## memory of an idle connection, of {IDLE_CONNECTIONS}\n"
                      f"KiB                    swift {idle[SWIFT]:12.1f}   go {idle[GO]:12.1f}")
    except (peers.PeerError, processes.ProcessError) as error:
        sys.exit(f"bench-rpc: {error}")
    if options.json:
        Path(options.json).write_text(json.dumps(everything, indent=1))
    return 0
