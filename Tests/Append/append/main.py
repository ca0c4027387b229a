"""Clients append records while primaries and masters are killed: each record must be there, whole, in one order everywhere."""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

from harness import processes, records
from harness.records import Mismatch

from .cluster import Cluster

NAME = "log"
# Records come at this pace, so that the servers are killed among them and not before or behind.
RECORDS_PER_SECOND = 400
# Of the primaries that are killed, this one always has the master die with it.
SURE_MASTER_KILL = 2


class Appender(threading.Thread):
    """One `dfs-client append -records -`, fed line by line."""

    def __init__(self, cluster, number, count, seed):
        super().__init__()
        chance = random.Random(f"{seed} {number}")
        self.lines = [f"client {number} record {index} {'x' * chance.choice([0, 10, 100, 2000])}".encode()
                      for index in range(count)]
        self.log = cluster.folder / f"client-{number}.log"
        self.command = cluster.command("append", "-create", "-records", "-", NAME)
        self.code = None

    def run(self):
        with open(self.log, "wb") as log:
            child = subprocess.Popen([str(word) for word in self.command], stdin=subprocess.PIPE, stdout=log,
                                     stderr=subprocess.STDOUT, env=processes.environment())
            try:
                for line in self.lines:
                    child.stdin.write(line + b"\n")
                    child.stdin.flush()
                    time.sleep(1 / RECORDS_PER_SECOND)
                child.stdin.close()
            except OSError:
                pass
            try:
                self.code = child.wait(300)
            except subprocess.TimeoutExpired:
                child.kill()
                self.code = child.wait()


class Killer:
    """Kills the primary of the moment, at the second kill and now and then the master, too, until all clients are done."""

    def __init__(self, cluster, chance):
        self.cluster, self.chance = cluster, chance
        self.primaries = self.masters = 0

    def run(self, clients):
        while any(client.is_alive() for client in clients):
            primary = self.cluster.primary(NAME)
            if primary is None:
                time.sleep(0.05)
                continue
            time.sleep(self.chance.uniform(0, 0.5))
            primary.kill()
            self.primaries += 1
            if self.chance.random() < 0.2 or self.primaries == SURE_MASTER_KILL:
                self.cluster.master.kill()
                self.masters += 1
                self.cluster.master.start()
            time.sleep(self.chance.uniform(0, 2))
            primary.start()
            time.sleep(self.chance.uniform(0, 1))

    def check(self):
        """A run without its kills proves nothing."""
        if self.primaries < SURE_MASTER_KILL or not self.masters:
            raise Mismatch(f"only {self.primaries} primaries and {self.masters} masters were killed before the clients were done: "
                           "append more records")


def _check(cluster, clients):
    for client in clients:
        if client.code != 0:
            raise Mismatch(f"a client ended with {client.code}: {processes.tail(client.log)}")
    acknowledged = [line for client in clients for line in client.lines]
    processes.await_condition(
        lambda: all(chunk["length"] is not None for chunk in cluster.chunks(NAME) or [{"length": None}]), 60,
        "all chunks are sealed")
    processes.await_condition(
        lambda: cluster.client("fsck", NAME).output.startswith("healthy"), 120, "two copies of each chunk")
    chunks = cluster.chunks(NAME)
    data = b""
    for chunk in chunks:
        copies = [(cluster.folder_of(address) / chunk["id"]).read_bytes() for address in chunk["servers"]]
        if len(copies) != 2 or copies[0] != copies[1] or len(copies[0]) != chunk["length"]:
            raise Mismatch(f"the {len(copies)} copies of chunk {chunk['id']} are not the same")
        data += copies[0]
    repeated = records.check(data, acknowledged)
    read = cluster.client("cat", "-records", NAME, seconds=120)
    if not read.ok or sorted(read.output.encode().splitlines()) != sorted(acknowledged):
        raise Mismatch(f"cat -records shows other records: {read}")
    return len(acknowledged), repeated, len(chunks)


def _play(options, folder):
    cluster = Cluster(folder)
    chance = random.Random(options.seed)
    try:
        cluster.start()
        clients = [Appender(cluster, number, options.records, options.seed) for number in range(options.clients)]
        for client in clients:
            client.start()
        killer = Killer(cluster, chance)
        killer.run(clients)
        for client in clients:
            client.join()
        killer.check()
        count, repeated, chunks = _check(cluster, clients)
    finally:
        cluster.kill_all()
    print(f"{options.clients} clients appended {count} records while {killer.primaries} primaries and {killer.masters} masters "
          f"were killed: all of them are there, whole, in one order on both servers of each of {chunks} chunks; "
          f"{repeated} came more than once")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000, help="records of each client (default: 10000)")
    parser.add_argument("--clients", type=int, default=2, help="clients at once (default: 2)")
    parser.add_argument("--seed", default=str(random.randrange(1 << 32)), help="of all choices, but not of their timing")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dfs-append-"))
    print(f"append: seed {options.seed}", file=sys.stderr, flush=True)
    try:
        records.self_test()
        _play(options, folder)
    except Exception as error:  # noqa: BLE001: whatever it is, what is there stays and is named
        if not isinstance(error, (Mismatch, processes.ProcessError)):
            traceback.print_exc()
        print(f"append: FAILED, seed {options.seed}: {error}\nlogs and data: {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0
