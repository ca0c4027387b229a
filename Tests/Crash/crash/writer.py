"""A client that changes a folder of its own, and knows what may be in it."""

import json
import random
import shutil

from harness import processes

from . import model
from .cluster import Mismatch

NAMES = ["a", "b", "c d", "ü"]
# Emptying the trash, which all share, keeps it small.
KINDS = 2 * ["put", "put", "replace", "mkdir", "move", "move", "remove", "remove-all"] + ["empty-trash"]
# Without files, so without chunk servers.
FOLDER_KINDS = ["mkdir", "mkdir", "mkdir", "move", "remove"]


class Writer:
    """One client with a folder of its own, and every state that the folder may be in."""

    def __init__(self, cluster, name, seed, kinds=KINDS):
        self.cluster, self.name, self.kinds = cluster, name, kinds
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
        kind = self.random.choice(self.kinds)
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
        elif kind == "empty-trash":
            command, steps = ["trash", "empty"], [lambda state: state]
        else:
            recursively = kind == "remove-all"
            command = ["rm", *(["-r"] if recursively else []), path]
            steps = [lambda state: model.remove(state, path, recursively)]
        self.take(self.cluster.client(command), steps)

    def take(self, outcome, steps):
        """Narrows or widens what is possible by what the client said."""
        before, after, refusing, halfway = self.possible, [], [], []
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
            raise Mismatch(f"{self.name}: that cannot be: {outcome}\nthe folder could only hold one of {before}")

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
