"""Clients of another kind: those that append records, and Go and Python clients."""

import time

from harness.clients import GO, PYTHON, SWIFT

from .cluster import CHUNK, LIVE_SECONDS
from .contents import Content
from .history import LOST
from .load import LOG_SECONDS, NO_SUCH_FILE, UNAVAILABLE, Client

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
    in the gaps that docs/failure-model.md grants a Go client: what became of them is told, and not held against anybody."""

    def __init__(self, kind, *arguments):
        super().__init__(*arguments)
        self.kind = kind
        self.promised, self.settled = [], []

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
        if done.ok or done.code == UNAVAILABLE:
            self.history.change(name, None, begin, is_sure=done.ok)
        elif done.code == NO_SUCH_FILE:
            self.history.find(LOST, f"{self.name}: a file that was there is not: {done}")

    def put(self):
        self.count += 1
        name = f"{self.kind}-{self.name}-{self.count}"
        content = Content(((name, self.chance.randrange(40, CHUNK - 1)),))
        done, begin = self.call(f"{self.kind} put", "put", self.write(content), name)
        # A server may have been silent for as long before its master noticed.
        is_troubled = self.thrasher.troubles(begin - LIVE_SECONDS, time.monotonic())
        if done.ok and not is_troubled:
            self.history.change(name, content, begin)
            self.settled.append(name)
            return
        self.history.change(name, Content(()).plus(name, content.size, is_sure=False), begin, is_sure=False)
        if done.ok:
            self.promised.append((name, content))
