"""The rounds: clients change folders of their own while the master is killed, then everything is compared."""

import argparse
import json
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from harness import layout, ports, processes

from . import model

NAMES = ["a", "b", "c d", "ü"]


class Mismatch(Exception):
    pass


class Cluster:
    """A master that dies and two chunk servers that do not."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = layout.swift_bin()
        self.address = f"127.0.0.1:{ports.free_port()}"
        self.servers = []
        self.start_master()
        for number in (1, 2):
            port = ports.free_port()
            server = processes.Process(
                f"chunk server {number}",
                [self.bin / "dfs-chunkserver", "-port", f"127.0.0.1:{port}", "-master", self.address, "-dir",
                 folder / f"cs{number}"], folder / f"cs{number}.log")
            server.await_port(port)
            self.servers.append(server)
        (folder / "probe").write_bytes(b"x")
        processes.await_condition(lambda: self.client(["put", folder / "probe", "probe"]).ok, 30, "a cluster that works")

    def start_master(self):
        self.master = processes.Process(
            "master", [self.bin / "dfs-master", "-listen", self.address, "-meta-dir", self.folder / "meta"],
            self.folder / "master.log")
        self.master.await_port(int(self.address.split(":")[1]))

    def client(self, arguments):
        return processes.run([self.bin / "dfs-client", "-master", self.address, *arguments], 60)

    def stop(self):
        for process in [self.master, *self.servers]:
            process.stop()


class Writer:
    """One client with a folder of its own, and every state that the folder may be in."""

    def __init__(self, cluster, name, seed):
        self.cluster, self.name = cluster, name
        self.random = random.Random(f"{seed} {name}")
        self.possible = [{name: None}]
        self.counts = {"acknowledged": 0, "refused": 0, "unknown": 0}
        self.number = 0
        self.local = cluster.folder / name
        self.local.mkdir()
        outcome = cluster.client(["mkdir", name])
        if not outcome.ok:
            raise Mismatch(str(outcome))

    def run(self, stop):
        while not stop.is_set():
            self.change()

    def path(self):
        return "/".join([self.name] + [self.random.choice(NAMES) for _ in range(self.random.randint(1, 3))])

    def change(self):
        kind = self.random.choice(["put", "put", "replace", "mkdir", "move", "move", "remove", "remove-all"])
        path, other = self.path(), self.path()
        replaces = kind == "replace" or self.random.random() < 0.5
        if kind in ("put", "replace"):
            self.number += 1
            content = f"{self.name} {self.number}\n".encode()
            file = self.local / "content"
            file.write_bytes(content)
            replaces = kind == "replace"
            command = ["put", *(["-f"] if replaces else []), file, path]
            # The folders are made when the upload begins, the file when it ends.
            steps = [lambda state: model.mkdir(state, model.parents(path)[-1]) if model.put(
                state, path, content, replaces) is not None else state,
                lambda state: model.put(state, path, content, replaces)]
        elif kind == "mkdir":
            command, steps = ["mkdir", path], [lambda state: model.mkdir(state, path)]
        elif kind == "move":
            command = ["mv", *(["-f"] if replaces else []), path, other]
            steps = [lambda state: model.move(state, path, other, replaces)]
        else:
            recursively = kind == "remove-all"
            command = ["rm", *(["-r"] if recursively else []), path]
            steps = [lambda state: model.remove(state, path, recursively)]
        self.take(self.cluster.client(command), steps)

    def take(self, outcome, steps):
        """Narrows or widens what is possible by what the client said."""
        after, refusing, halfway = [], [], []
        for state in self.possible:
            try:
                after.append(steps[-1](state))
                halfway += [step(state) for step in steps[:-1]]
            except model.Refused:
                refusing.append(state)
        if outcome.ok:
            self.counts["acknowledged"] += 1
            self.possible = after
        elif outcome.code == 5:
            self.counts["unknown"] += 1
            self.possible = unique(self.possible + halfway + after)
        else:
            self.counts["refused"] += 1
            self.possible = refusing
        if not self.possible:
            raise Mismatch(f"{self.name}: cannot be: {outcome}")

    def check(self, reads_all):
        """Compares with what the cluster lists, and reads some of the files."""
        outcome = self.cluster.client(["ls", "-R", "-json", self.name])
        if not outcome.ok:
            raise Mismatch(str(outcome))
        listed = [json.loads(line) for line in outcome.output.splitlines()]
        found = {f"{self.name}/{entry['path']}": entry for entry in listed}
        if len(found) != len(listed):
            raise Mismatch(f"{self.name}: an entry is listed twice: {outcome.output}")
        shape = {path: entry.get("length") for path, entry in found.items()}
        matching = [state for state in self.possible if shape == {
            path: None if node is None else len(node) for path, node in state.items() if path != self.name}]
        if not matching:
            raise Mismatch(f"{self.name}: listed {shape}, expected one of {self.possible}")
        files = [path for path, node in matching[0].items() if node is not None]
        for path in files if reads_all else self.random.sample(files, min(1, len(files))):
            content = self.read(path)
            matching = [state for state in matching if state[path] == content]
            if not matching:
                raise Mismatch(f"{path} holds {content}, expected one of {self.possible}")
        self.possible = matching

    def read(self, path):
        out = self.local / "out"
        result = []

        def is_read():
            outcome = self.cluster.client(["get", path, out])
            result.append(outcome)
            return outcome.ok
        # Right after a restart the chunk servers may not be back.
        processes.await_condition(is_read, 40, f"{path} can be read", interval=0.2)
        content = (out / path).read_bytes()
        shutil.rmtree(out)
        return content


def unique(states):
    return [state for number, state in enumerate(states) if state not in states[:number]]


def play(cluster, writers, rounds, seed):
    chance = random.Random(seed)
    for number in range(1, rounds + 1):
        stop = threading.Event()
        failures = []

        def work(writer):
            try:
                writer.run(stop)
            except Exception as error:  # noqa: BLE001: told by the main thread
                failures.append(error)
                stop.set()
        threads = [threading.Thread(target=work, args=(writer,)) for writer in writers]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.05, 0.8))
        cluster.master.kill()
        cluster.start_master()
        stop.set()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        for writer in writers:
            writer.check(reads_all=number == rounds)
        if number % 20 == 0 or number == rounds:
            print(f"crash: {number} rounds", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="how often the master is killed (default: 200)")
    parser.add_argument("--clients", type=int, default=3, help="clients at once (default: 3)")
    parser.add_argument("--seed", default=str(random.randrange(1 << 32)), help="of all choices, but not of their timing")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dfs-crash-"))
    print(f"crash: seed {arguments.seed}", file=sys.stderr, flush=True)
    cluster = Cluster(folder)
    try:
        writers = [Writer(cluster, f"w{number}", arguments.seed) for number in range(arguments.clients)]
        play(cluster, writers, arguments.rounds, arguments.seed)
    except (Mismatch, processes.ProcessError) as error:
        print(f"crash: FAILED, seed {arguments.seed}: {error}\nlogs and data: {folder}", file=sys.stderr)
        cluster.stop()
        return 1
    cluster.stop()
    shutil.rmtree(folder)
    counts = {kind: sum(writer.counts[kind] for writer in writers) for kind in writers[0].counts}
    print(f"{arguments.rounds} kills, {counts['acknowledged']} changes acknowledged, {counts['refused']} refused, "
          f"{counts['unknown']} unanswered: all acknowledged ones are there, none is half or twice there")
    return 0
