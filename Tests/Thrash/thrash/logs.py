"""Files that many clients append records to: who wrote what, and what must be in them."""

import threading
import time
from collections import namedtuple

from .history import LOST, WRONG

Batch = namedtuple("Batch", "lines begin end is_sure")


class RecordFiles:
    """All files of records of a run. `history` takes what is found."""

    def __init__(self, history):
        self._history, self._lock = history, threading.Lock()
        self.batches = {}

    def begin(self, name, lines):
        """From now on they may be in the file. Returns what `end` wants."""
        with self._lock:
            batches = self.batches.setdefault(name, [])
            batches.append(Batch(lines, time.monotonic(), float("inf"), False))
            return len(batches) - 1

    def end(self, name, number):
        """They were acknowledged."""
        with self._lock:
            self.batches[name][number] = self.batches[name][number]._replace(end=time.monotonic(), is_sure=True)

    def names(self):
        with self._lock:
            return list(self.batches)

    def check(self, name, seen, begin):
        """What a reader saw from `begin` until now: the records that it printed."""
        now, seen = time.monotonic(), set(seen)
        with self._lock:
            batches = list(self.batches.get(name, []))
        needed = {line for batch in batches if batch.is_sure and batch.end < begin for line in batch.lines}
        allowed = {line for batch in batches if batch.begin <= now for line in batch.lines}
        if missing := needed - seen:
            self._history.find(LOST, f"{name}: {len(missing)} acknowledged records are missing, such as {min(missing)[:60]!r}")
        if strange := seen - allowed:
            self._history.find(WRONG, f"{name}: {len(strange)} records were written by nobody, such as {min(strange)[:60]!r}")

    def acknowledged(self):
        with self._lock:
            return sum(len(batch.lines) for batches in self.batches.values() for batch in batches if batch.is_sure)
