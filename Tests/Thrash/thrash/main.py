"""Breaks a cluster of Swift and Go nodes in network namespaces under load, and checks the history of all operations."""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from pathlib import Path

from harness import files, layout, peers, preload, processes, records
from harness.clients import GO, PYTHON
from harness.hosts import HostError

from . import faults, gaps, history
from .cluster import HOSTS, REPLICATION, Cluster
from .ending import Ending
from .history import LOST, OK, WRONG, History
from .load import READS, Writer
from .logs import RecordFiles
from .others import Appender, Lister, Stranger

CLOCK = Path(__file__).with_name("clock.c")
APT_NEEDS = {"/usr/sbin/ip": "iproute2", "/usr/sbin/tc": "iproute2", "/usr/bin/nsenter": "util-linux"}
TELL_SECONDS = 30
NEEDED_BYTES = 4 << 30
# What clients do. A run that is no shorter than one period of faults has to see each of them succeed.
OPERATIONS = ("put", "put -f", "append", "append -records", "mkdir", "mv", "rm", *READS,
              *(f"{kind} put" for kind in (GO, PYTHON)))


class Run:
    """One cluster under load and faults."""

    def __init__(self, options, folder, logs, library):
        self.seed, self.seconds = options.seed, options.minutes * 60
        self.folder, self.logs = folder, logs
        self.faults = faults.plan(self.seed, self.seconds)
        self.is_over = threading.Event()
        self._library = library

    def play(self):
        """Returns whether all is well."""
        with Cluster(self.folder, self.logs, self._library) as self.cluster:
            self.history = History(self.logs / "history.jsonl")
            self.records = RecordFiles(self.history)
            self.thrasher = faults.Thrasher(self.cluster, self.history, self.faults, self.seed)
            warden = faults.Warden(self.cluster, self.history)
            self._make_clients()
            try:
                for thread in (self.thrasher, warden, *self.clients):
                    thread.start()
                self._wait()
                healed_after = self._end()
            finally:
                self.thrasher.stop.set()
                warden.stop.set()
                self.history.close()
            return self._tell(healed_after)

    def _make_clients(self):
        writers = [Writer(f"w{number}", self, number) for number in range(3)]
        appenders = [Appender(f"a{number}", self, number) for number in range(2)]
        self.strangers = [Stranger(kind, kind[0], self, number) for number, kind in enumerate((GO, PYTHON))]
        self.clients = [*writers, *appenders, *self.strangers, Lister("ls", self, 0)]

    def _wait(self):
        end = self.history.start + self.seconds
        while time.monotonic() < end:
            time.sleep(min(TELL_SECONDS, max(0, end - time.monotonic())))
            print(f"thrash: {time.monotonic() - self.history.start:.0f} s: {sum(self.history.counts.values())} operations, "
                  f"{len(self.thrasher.begun)} faults, {len(self.history.findings)} findings", file=sys.stderr, flush=True)

    def _end(self):
        """First the clients end, then the faults."""
        self.is_over.set()
        self.thrasher.stop.set()
        for client in self.clients:
            client.join()
        for client in self.clients:
            if client.error:
                self.history.find(WRONG, f"harness: {client.name}: {client.error!r}")
        self.thrasher.join()
        self._expect_enough()
        self.ending = Ending(self)
        return self.ending.check()

    def _expect_enough(self):
        """What was hardly done proves nothing."""
        if self.seconds < faults.PERIOD_SECONDS:
            return
        for operation in OPERATIONS:
            if not self.history.counts[operation, OK]:
                self.history.find(WRONG, f"harness: no {operation} has succeeded")
        judged, count = self._judged()
        if judged < gaps.LEAST_SHARE * count or not judged:
            self.history.find(WRONG, f"harness: only {judged} of {count} puts of Go and Python clients can be judged")

    def _judged(self):
        """How many puts of Go and Python clients have to be there, and how many succeeded."""
        judged = sum(stranger.judged for stranger in self.strangers)
        return judged, judged + sum(len(stranger.promised) for stranger in self.strangers)

    def _tell(self, healed_after):
        operations = {key: count for key, count in self.history.counts.items() if key[0] not in ("fault", "finding")}
        kinds = Counter()
        outcomes = Counter()
        for (kind, outcome), count in operations.items():
            kinds[kind] += count
            outcomes[outcome] += count
        print(f"{sum(kinds.values())} operations ({', '.join(f'{count} {name}' for name, count in outcomes.items())}): "
              + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
        begun = Counter(fault.kind for fault, *_ in self.thrasher.begun)
        print(f"{sum(begun.values())} faults: " + ", ".join(f"{kind} {count}" for kind, count in sorted(begun.items()))
              + f"; {len(self.thrasher.rot.damaged)} bits flipped")
        in_gaps = self.ending.gaps() if healed_after is not None else []
        for gap in in_gaps:
            print(f"a gap of the Go protocol: {gap}")
        judged, count = self._judged()
        print(f"{judged} of {count} puts of Go and Python clients judged; {len(self.history.moves)} moves without an answer")
        findings = self.history.check()
        for finding in findings[:40]:
            print(f"{finding.kind.upper()}: {finding.text}")
        counts = Counter(finding.kind for finding in findings)
        healed = "not all chunks have their copies" if healed_after is None else (
            f"all {self.ending.chunks} chunks of {self.ending.files} files have {REPLICATION} copies {healed_after:.0f} s "
            f"after the last fault, and after a restart of all nodes")
        print(f"{self.records.acknowledged()} records acknowledged; {len(in_gaps)} files in gaps of the Go protocol")
        print(f"{counts[LOST]} lost, {counts[WRONG]} wrong; {healed}")
        return not findings and healed_after is not None


def _options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2, help="of load and faults; healing and checks come on top")
    parser.add_argument("--seed", default=str(random.randrange(1 << 32)), help="of faults and of what clients do, but not of timing")
    parser.add_argument("--plan", action="store_true", help="print the faults of the seed, and end")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="keep all logs there; otherwise those of a failure stay")
    return parser.parse_args()


def main():
    options = _options()
    if options.plan:
        print("\n".join(str(fault) for fault in faults.plan(options.seed, options.minutes * 60)))
        return 0
    if os.geteuid() != 0:
        print(f"thrash: {len(HOSTS)} hosts are network namespaces with disks of their own, which only root can make: run this "
              "as root", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="dfs-thrash-", dir=files.scratch_parent(NEEDED_BYTES)))
    logs = options.keep or Path(tempfile.mkdtemp(prefix="dfs-thrash-logs-"))
    print(f"thrash: seed {options.seed}, {options.minutes:g} minutes, logs in {logs}", file=sys.stderr, flush=True)
    is_well = False
    try:
        history.self_test()
        records.self_test()
        gaps.self_test()
        peers.install_missing(APT_NEEDS)
        peers.build()
        is_well = Run(options, folder, logs, preload.build(CLOCK, folder)).play()
    except (processes.ProcessError, HostError, peers.PeerError) as error:
        print(f"thrash: FAILED: {error}")
    except Exception:  # noqa: BLE001: whatever it is, what is there stays and is named
        traceback.print_exc()
    shutil.rmtree(folder, ignore_errors=True)
    if not is_well:
        print(f"thrash: FAILED; seed {options.seed}, logs: {logs}", file=sys.stderr)
    elif not options.keep:
        shutil.rmtree(logs)
    return 0 if is_well else 1
