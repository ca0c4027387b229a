"""Many small files: a folder of them is put and got, as each system's users do it."""

import os
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness import processes

FILES_IN_FOLDER = 100


@dataclass(frozen=True)
class Tree:
    """A local folder of `count` files of `size` bytes, a hundred in each folder below it."""

    path: Path
    count: int
    size: int

    def names(self):
        return [f"{number // FILES_IN_FOLDER}/{number}" for number in range(self.count)]


def make_tree(path, count, size):
    """Writes random data."""
    tree = Tree(path, count, size)
    for name in tree.names():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(os.urandom(size))
    return tree


class TreeResult:
    """The rounds of one system."""

    def __init__(self, system, tree):
        self.system, self.tree, self.puts, self.gets = system, tree, [], []

    def run(self, cluster):
        """Puts and gets the tree once, and compares every file."""
        self.puts.append(cluster.put_tree(self.tree))
        folder, call = cluster.get_tree(self.tree)
        for name in self.tree.names():
            if (folder / name).read_bytes() != (self.tree.path / name).read_bytes():
                raise processes.ProcessError(f"get from {self.system.name}: {name} is another file")
        self.gets.append(call)

    def cells(self):
        def of(call, calls):
            rates = [self.tree.count / one.seconds for one in calls]
            cpu = median(one.cpu for one in calls) * 1000 / self.tree.count
            return (self.system.name, call, f"{median(rates):.0f}", f"{min(rates):.0f}-{max(rates):.0f}", f"{cpu:.2f}")
        return [of("put -r", self.puts), of("get -r", self.gets)]

    def seconds(self):
        """Of a put and of a get."""
        return median(one.seconds for one in self.puts), median(one.seconds for one in self.gets)
