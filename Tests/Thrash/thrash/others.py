"""Clients of another kind: those that append records, Go and Python clients, and one that lists."""

import json
import time

from harness.clients import GO, PYTHON, SWIFT

from . import gaps
from .cluster import CHUNK
from .contents import Absent, Content, Listed
from .history import LOST, WRONG
from .load import KILLED, LOG_SECONDS, NO_SUCH_FILE, UNAVAILABLE, Client

# How many files a Go or Python client has that were acknowledged.
STRANGER_FILES = 25


class Appender(Client):
    """Appends batches of records to a file that others append to, too, and reads all of it now and then."""

    def step(self):
        if self.chance.random() < 0.3 and self.records.names():
            self.read_records(self.chance.choice(self.records.names()[-2:]))
        else:
            self.append()

    def append(self):
        name = f"log/{int((time.monotonic() - self.history.start) // LOG_SECONDS)}"
        self.count += 1
        lines = [f"{self.name} batch {self.count} record {number} {'x' * self.chance.choice((0, 10, 300))}"
                 for number in range(self.chance.randint(1, 60))]
        path = self.folder / "lines"
        path.write_text("".join(f"{line}\n" for line in lines))
        number = self.records.begin(name, lines)
        done, _ = self.call("append -records", "append", "-create", "-records", path, name)
        if done.ok:
            self.records.end(name, number)

    def read_records(self, name):
        out = self.folder / "out.records"
        done, begin = self.call("cat -records", "cat", "-records", name, out=out)
        if done.ok:
            self.records.check(name, out.read_text().splitlines(), begin)
        elif done.code == NO_SUCH_FILE:
            self.records.check(name, [], begin)
        return done


class Stranger(Client):
    """A Go or Python client: puts under new names, one chunk each, and reads. `promised` are the names whose puts succeeded
    where docs/failure-model.md grants a Go client gaps (`gaps.py`): what became of them is told, and not held against anybody.
    `judged` is the number of those that have to be there."""

    def __init__(self, kind, *arguments):
        super().__init__(*arguments)
        self.kind = kind
        self.promised, self.settled, self.judged = [], [], 0

    def step(self):
        names = [name for name in self.history.known_names() if self.kind == PYTHON or self._is_one_chunk(name)]
        if len(self.settled) > STRANGER_FILES:
            self.remove(self.settled.pop(0))
        elif self.chance.random() < 0.4 or not names:
            self.put()
        else:
            self.get(self.chance.choice(names), kind=self.kind)

    def _is_one_chunk(self, name):
        return name.startswith((GO, PYTHON))

    def remove(self, name):
        """By a client of ours: theirs cannot."""
        done, begin = self.call("rm", "rm", name, kind=SWIFT)
        if done.ok or done.code in (UNAVAILABLE, KILLED):
            self.history.change(name, None, begin, is_sure=done.ok)
        elif done.code == NO_SUCH_FILE:
            self.history.find(LOST, f"{self.name}: a file that was there is not: {done}")
        else:
            self.settled.append(name)

    def put(self):
        self.count += 1
        name = f"{self.kind}-{self.name}-{self.count}"
        content = Content(((name, self.chance.randrange(40, CHUNK - 1)),))
        done, begin = self.call(f"{self.kind} put", "put", self.write(content), name)
        if done.ok and gaps.is_judged(self.thrasher.begun, self.host, begin, time.monotonic()):
            self.history.change(name, content, begin)
            self.settled.append(name)
            self.judged += 1
            return
        self.history.change(name, Content(()).plus(name, content.size, is_sure=False), begin, is_sure=False)
        if done.ok:
            self.promised.append((name, content))


class Lister(Client):
    """Lists everything now and then: what is listed and what is not is seen of each name."""

    def step(self):
        self.list()
        self.is_over.wait(5)

    def list(self):
        names = self.history.known_names()
        done, begin = self.call("ls", "ls", "-R", "-json", out=self.folder / "ls")
        if not done.ok:
            return done
        listed = {}
        for entry in map(json.loads, (self.folder / "ls").read_text().splitlines()):
            if entry["path"] in listed:
                self.history.find(WRONG, f"{entry['path']} is listed twice")
            listed[entry["path"]] = entry
        for name in names:
            if name in listed:
                self._see(name, Listed(listed[name]["length"]), begin, "ls")
            elif not name.startswith((GO, PYTHON)) or self.history.is_shown(name, begin):
                # Others are not listed before the master has read them back from Go servers; reads are refused until then.
                self._see(name, Absent(), begin, "ls")
        return done
