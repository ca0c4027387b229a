"""The rounds: clients change folders of their own until the master dies, then everything is compared."""

import argparse
import random
import shutil
import sys
import tempfile
import threading
import traceback
from collections import Counter
from pathlib import Path

from harness import processes

from . import beginnings, power, selftest
from .cluster import Cluster, Mismatch
from .writer import Writer

PROCESS, POWER = "process kills", "power cuts"
# How long the master lives in a round: up to so many seconds, in half of the rounds up to so many changes of its files.
LIFE_SECONDS, LIFE_RECORDS = 0.8, 60
# A restarted master may die again, early.
START_RECORDS, CHANCE_OF_START = 6, 0.2
# Chunk servers outlive so many rounds.
SERVER_ROUNDS = 4


class Rounds:
    """Deaths of one cluster, drawn from a seed."""

    def __init__(self, cluster, writers, seed):
        self.cluster, self.writers = cluster, writers
        self.chance = random.Random(seed)
        self.counts = Counter()

    def play(self, rounds):
        for number in range(1, rounds + 1):
            self._round()
            for writer in self.writers:
                writer.check(reads_all=number == rounds)
            if number % SERVER_ROUNDS == 0:
                self.cluster.restart_servers()
            if number % 20 == 0 or number == rounds:
                print(f"crash: {number} rounds", file=sys.stderr, flush=True)

    def _round(self):
        stop = threading.Event()
        failures = []

        def work(writer):
            try:
                writer.run(stop)
            except Exception as error:  # noqa: BLE001: told by the main thread
                failures.append(error)
                stop.set()
        threads = [threading.Thread(target=work, args=(writer,)) for writer in self.writers]
        for thread in threads:
            thread.start()
        try:
            self._die_while_working()
            self._start_again()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        if failures:
            raise failures[0]

    def _die_while_working(self):
        if self.chance.random() < 0.5:
            self.cluster.power.kill_at(self.chance.randint(1, LIFE_RECORDS))
        self.cluster.process.await_end(self.chance.uniform(0.05, LIFE_SECONDS))
        self._end()

    def _start_again(self):
        while self.chance.random() < CHANCE_OF_START:
            self.cluster.start(kill_at=self.chance.randint(1, START_RECORDS))
            self._end()
            self.counts["while starting"] += 1
        self.cluster.start()

    def _end(self):
        kind = self.chance.choice([PROCESS, POWER])
        self.counts[kind] += 1
        if kind == PROCESS:
            self.cluster.kill()
        else:
            self.cluster.cut_power(self.chance.choice([None, random.Random(self.chance.random())]))


def _options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="rounds to play (default: 200)")
    parser.add_argument("--clients", type=int, default=3, help="clients at once (default: 3)")
    parser.add_argument("--seed", default=str(random.randrange(1 << 32)), help="of all choices, but not of their timing")
    parser.add_argument("--self-test", action="store_true", help="only check that the harness finds what is lost")
    return parser.parse_args()


def _play(options, folder, library):
    beginnings_cut = beginnings.run(folder, library, options.seed)
    cluster = Cluster(folder, library)
    try:
        writers = [Writer(cluster, f"w{number}", options.seed) for number in range(options.clients)]
        rounds = Rounds(cluster, writers, options.seed)
        rounds.play(options.rounds)
    finally:
        cluster.kill_all()
    changes = sum((Counter(writer.counts) for writer in writers), Counter())
    deaths = rounds.counts
    print(f"{options.rounds} rounds: {deaths[PROCESS]} process kills, {deaths[POWER]} power cuts "
          f"({deaths['while starting']} while starting), {beginnings_cut} first starts and restores cut off; "
          f"{changes['acknowledged']} changes acknowledged, {changes['refused']} refused, {changes['unknown']} unanswered: "
          "all acknowledged ones are there, none is half or twice there")


def main():
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="dfs-crash-"))
    print(f"crash: seed {options.seed}", file=sys.stderr, flush=True)
    try:
        library = power.build(folder)
        selftest.run(folder, library)
        print("crash: self-test passed", file=sys.stderr, flush=True)
        if not options.self_test:
            _play(options, folder, library)
    except Exception as error:  # noqa: BLE001: whatever it is, what is there stays and is named
        if not isinstance(error, (Mismatch, processes.ProcessError)):
            traceback.print_exc()
        print(f"crash: FAILED, seed {options.seed}: {error}\nlogs and data: {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0
