"""The command line of the master's benchmark."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from harness import clients, layout, peers, ports, processes

from .scheduling import longest_wait_for_a_core

MILLION = 1_000_000
CREATE_CLIENTS = (1, 16, 256)
# The store that is looked up in, and connections and calls at once on each.
LOOKED_UP = ("--count", 20_000, "--big", 20_000)
LOOK_UPS = ((1, 1), (1, 64), (4, 64), (64, 1))
LOAD = "/usr/bin/h2load"
TASKSET = "/usr/bin/taskset"
# Where look-ups are measured with a core for each: the master's, and the load's.
MASTER_CORE, LOAD_CORE = "0", "1"


def _options(arguments):
    parser = argparse.ArgumentParser(
        prog="Benchmarks/run-meta", description="Drives a master: creates, GetFileInfo beside a Go master, memory, restart "
        "and the longest wait of heartbeats with many files.")
    parser.add_argument("--files", type=int, nargs="*", default=[1, 10], metavar="MILLIONS",
                        help="stores to start from, in millions of files (default: 1 10)")
    parser.add_argument("--only", choices=("creates", "look-ups", "sizes"), help="one part")
    parser.add_argument("--seconds", type=float, default=5, help="of each load")
    parser.add_argument("--servers", type=int, default=20, help="chunk servers that are played")
    parser.add_argument("--folder", default=str(layout.ROOT / ".build"), help="where the stores are made")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    return parser.parse_args(arguments)


def _tool():
    return layout.swift_bin() / "meta-bench"


def _command(*words):
    return [str(word) for word in [_tool(), *words]]


def _figures(*words):
    """Runs one command of `meta-bench`: its figures by name."""
    done = subprocess.run(_command(*words), capture_output=True, text=True)
    if done.returncode != 0:
        raise processes.ProcessError(f"meta-bench {words[0]} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


@contextmanager
def _background(*words):
    """The same, beside what is done meanwhile; gives a function that waits for the figures."""
    process = subprocess.Popen(_command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish():
        output, errors = process.communicate()
        if process.returncode != 0:
            raise processes.ProcessError(f"meta-bench {words[0]} failed: {errors[-2000:]}")
        return json.loads(output)

    try:
        yield finish
    finally:
        process.kill()
        process.communicate()


@contextmanager
def _fleet(master, port, logs, *words):
    """The chunk servers that a master thinks it has, once they have told all they hold."""
    (logs / "fleet.log").unlink(missing_ok=True)
    fleet = processes.Process("fleet", _command("fleet", master(port), *words), logs / "fleet.log")
    try:
        processes.await_condition(
            lambda: "servers" in (logs / "fleet.log").read_text() or fleet.has_ended(), 1800, "the chunk servers' reports")
        if fleet.has_ended():
            raise processes.ProcessError(f"meta-bench fleet failed: {processes.tail(logs / 'fleet.log')}")
        yield json.loads((logs / "fleet.log").read_text().splitlines()[-1])
    finally:
        fleet.kill()


def _address(port):
    return f"127.0.0.1:{port}"


def _on_core(core, command):
    """The command that stays on one core; on any where `core` is None."""
    return command if core is None else [TASKSET, "-c", core, *command]


@contextmanager
def _swift_master(store, logs, core=None):
    """A master and its port, with the seconds that it took to start."""
    port = ports.free_port()
    started = time.monotonic()
    command = [layout.swift_bin() / "dfs-master", "-listen", _address(port), "-meta-dir", store, "-live-threshold", "1h"]
    master = processes.Process("swift master", _on_core(core, command), logs / "master.log")
    try:
        master.await_port(port, 1800)
        yield master, port, time.monotonic() - started
    finally:
        master.stop(60)


@contextmanager
def _go_master(logs, core=None):
    port = ports.free_port()
    command = [clients.binary(clients.GO, "master"), "-port", _address(port)]
    master = processes.Process("go master", _on_core(core, command), logs / "go-master.log")
    try:
        master.await_port(port)
        yield master, port
    finally:
        master.kill()


def _mib(pid, what):
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(what + ":")) / 1024


class Goals:
    """What is to be reached, and whether it was."""

    def __init__(self):
        self.missed = 0

    def check(self, what, value, limit, is_met):
        self.missed += not is_met
        print(f"  {what}: {value} ({limit}): {'met' if is_met else 'MISSED'}", flush=True)


def _measure_creates(options, folder, logs, goals):
    print("\n## Namespace.Create, each durable when it is answered; clients over one connection each")
    rates = {}
    longest = 0
    with _swift_master(folder / "created", logs) as (master, port, _), longest_wait_for_a_core(master.pid) as for_a_core:
        for count in CREATE_CLIENTS:
            with _background("pause", _address(port), "--duration", options.seconds) as beats:
                calls = _figures("create", _address(port), "--master-pid", master.pid, "--clients", count,
                                 "--duration", options.seconds, "--prefix", f"by-{count}")
                waits = beats()
            rates[count] = calls["calls_per_s"]
            longest = max(longest, waits["longest_ms"])
            print(f"  {count:4} clients: {calls['calls_per_s']:9.0f}/s, median {calls['p50_us'] / 1000:.2f} ms, "
                  f"p99 {calls['p99_us'] / 1000:.2f} ms, master {calls['master_us_per_call']:.0f} us CPU each; "
                  f"heartbeats waited {waits['longest_ms']:.1f} ms at most", flush=True)
        print(f"  the master itself waited {for_a_core():.1f} ms for a core at most")
        log_mib = (folder / "created" / "metadata.sqlite-wal").stat().st_size / (1 << 20)
    most = CREATE_CLIENTS[-1]
    goals.check("creates/s with 256 clients", f"{rates[most]:.0f}, {rates[most] / rates[1]:.1f} times one client",
                "at least 10,000/s or 20 times", rates[most] >= 10_000 or rates[most] >= 20 * rates[1])
    goals.check("longest wait of a heartbeat, with checkpoints under way", f"{longest:.1f} ms", "below 50 ms", longest < 50)
    print(f"  write-ahead log in the end: {log_mib:.0f} MiB")


def _measure_look_ups(options, folder, logs, goals):
    print("\n## MasterService.GetFileInfo of a file with two replicas, by h2load with one thread")
    _figures("fill", "--meta-dir", folder / "small", *LOOKED_UP)
    print("  master and load on all cores:")
    best = _compare_look_ups(options, folder, logs)
    goals.check("GetFileInfo/s, Swift over Go, at best", f"{best:.2f}", "at least 4", best >= 4)
    if len(os.sched_getaffinity(0)) < 2:
        return
    print("  master on one core, load on another:")
    best = _compare_look_ups(options, folder, logs, MASTER_CORE, LOAD_CORE)
    goals.check("GetFileInfo/s of one core, Swift over Go, at best", f"{best:.2f}", "at least 4", best >= 4)


def _compare_look_ups(options, folder, logs, master_core=None, load_core=None):
    """Measures both masters, prints, and gives the best ratio of rates."""
    results = {}
    for kind in (clients.SWIFT, clients.GO):
        if kind == clients.SWIFT:
            with _swift_master(folder / "small", logs, master_core) as (master, port, _), \
                    _fleet(_address, port, logs, "--servers", 4, *LOOKED_UP):
                _look_at_answers(port)
                results[kind] = [_look_ups(options, master, port, folder, load_core, *load) for load in LOOK_UPS]
        else:
            with _go_master(logs, master_core) as (master, port), _fleet(_address, port, logs, "--go", "--servers", 4):
                _look_at_answers(port, "--allocate", 1000)
                results[kind] = [_look_ups(options, master, port, folder, load_core, *load) for load in LOOK_UPS]
    best = 0
    for (connections, calls), swift, go in zip(LOOK_UPS, results[clients.SWIFT], results[clients.GO]):
        best = max(best, swift["rate"] / go["rate"])
        print(f"  {connections:2} connections with {calls:2} calls: swift {swift['rate']:7.0f}/s at {swift['cpu']:4.1f} us CPU, "
              f"go {go['rate']:7.0f}/s at {go['cpu']:4.1f} us: {swift['rate'] / go['rate']:.1f} times the rate, "
              f"{go['cpu'] / swift['cpu']:.1f} times the calls for the same CPU", flush=True)
    return best


def _look_ups(options, master, port, folder, core, connections, calls):
    """Rate and the master's CPU time of one call, in microseconds. h2load counts answers by their HTTP status, which is 200 whatever a
    call has come to, so answers themselves are looked at before the load, by the callers, and behind it."""
    name = b"big/file-00000020"
    request = folder / "request"
    message = bytes([0x0A, len(name)]) + name
    request.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
    before, started = _cpu_seconds(master.pid), time.monotonic()
    done = subprocess.run(
        _on_core(core, [
            LOAD, "--threads=1", f"--clients={connections}", f"--max-concurrent-streams={calls}",
            f"--duration={max(1, int(options.seconds))}", f"--data={request}", "--header=content-type: application/grpc",
            "--header=te: trailers", f"http://{_address(port)}/master.MasterService/GetFileInfo"]),
        capture_output=True, text=True)
    seconds = time.monotonic() - started
    count = re.search(r"(\d+) succeeded, 0 failed", done.stdout)
    if done.returncode != 0 or not count or not int(count[1]):
        raise processes.ProcessError(f"h2load failed: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    cpu = (_cpu_seconds(master.pid) - before) / int(count[1]) * 1e6
    _look_at_answers(port)
    return {"rate": int(count[1]) / seconds, "cpu": cpu}


def _look_at_answers(port, *words):
    """Each of many calls has to be answered with two replicas, or ProcessError."""
    _figures("info", _address(port), "--duration", 0.1, *words, *LOOKED_UP)


def _cpu_seconds(pid):
    """User and system seconds of a process."""
    with open(f"/proc/{pid}/stat") as line:
        fields = line.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _measure_size(options, millions, folder, logs, goals):
    count = millions * MILLION
    print(f"\n## {millions} million files of one chunk, a million of them in one folder; "
          f"{options.servers} chunk servers with two replicas of each")
    files = ("--count", count, "--big", MILLION)
    store = folder / f"{millions}-million"
    made = _figures("fill", "--meta-dir", store, *files)
    size = sum(file.stat().st_size for file in store.iterdir()) / (1 << 20)
    print(f"  store made in {made['seconds']:.0f} s, {size:.0f} MiB", flush=True)
    with _swift_master(store, logs) as (master, port, seconds):
        loaded = _mib(master.pid, "VmRSS")
        goals.check("restart", f"{seconds:.1f} s, {seconds / millions:.2f} s a million", "at most 4 s a million",
                    seconds <= 4 * millions)
        with _fleet(_address, port, logs, "--servers", options.servers, *files) as told:
            resident, peak = (_mib(master.pid, name) for name in ("VmRSS", "VmHWM"))
            print(f"  memory: {loaded:.0f} MiB when started, {resident:.0f} MiB with all replicas known (after "
                  f"{told['seconds']:.0f} s), {peak:.0f} MiB at most; {resident * (1 << 20) / count:.0f} bytes a file")
            if millions == 10:
                goals.check("memory with 10 million files", f"{peak / 1024:.2f} GiB at most", "at most 3 GiB",
                            peak <= 3 * 1024)
            with _background("pause", _address(port), "--duration", options.seconds) as beats, \
                    longest_wait_for_a_core(master.pid) as for_a_core:
                listed = _figures("list", _address(port))
                waits = beats()
            print(f"  {listed['entries']:.0f} entries of a folder listed in {listed['seconds']:.2f} s; the master itself waited "
                  f"{for_a_core():.1f} ms for a core at most")
            goals.check("longest wait of a heartbeat meanwhile", f"{waits['longest_ms']:.1f} ms", "below 50 ms",
                        waits["longest_ms"] < 50)
            calls = _figures("create", _address(port), "--clients", 256, "--duration", options.seconds)
            print(f"  {calls['calls_per_s']:.0f} creates/s with 256 clients", flush=True)
    shutil.rmtree(store)


def main(arguments=None):
    options = _options(arguments)
    if not _tool().exists():
        sys.exit(f"bench-meta: {layout.shown(_tool())} is not there: run `make bench-meta`")
    goals = Goals()
    try:
        peers.build(go=("master",), python=False)
        peers.install_missing({LOAD: "nghttp2-client", TASKSET: "util-linux"})
        print(f"# {os.cpu_count()} cores, load and master on the same machine; stores on the disk of {options.folder}")
        with tempfile.TemporaryDirectory(prefix="bench-meta-", dir=options.folder) as name:
            folder = Path(name)
            if options.only in (None, "creates"):
                _measure_creates(options, folder, folder, goals)
            if options.only in (None, "look-ups"):
                _measure_look_ups(options, folder, folder, goals)
            for millions in options.files if options.only in (None, "sizes") else ():
                _measure_size(options, millions, folder, folder, goals)
    except (peers.PeerError, processes.ProcessError) as error:
        sys.exit(f"bench-meta: {error}")
    return 1 if options.check and goals.missed else 0
