"""What clients did and saw, and whether that can have been.

A name is changed by one client only, one change after the other, so what it may hold at any time is known: the content of the
last change that was acknowledged, or of one that was under way. A change whose answer was lost may have happened at any time
since, or not at all; its name is never changed again, for the request may still arrive."""

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from .contents import Absent, Content, Listed, Whole

OK, ABSENT, FAILED, UNKNOWN = "ok", "no such file", "failed cleanly", "unknown"
LOST, WRONG = "lost", "wrong"


@dataclass(frozen=True)
class Version:
    """`content` is None where there is no file. From `begin` on it may be there, from `end` on it is."""

    content: Content
    begin: float
    end: float
    is_sure: bool = True


@dataclass(frozen=True)
class Read:
    begin: float
    end: float
    seen: object
    what: str


@dataclass(frozen=True)
class Move:
    """One whose answer was lost. `replaced` is what the target held before, or None where it was free."""

    source: str
    target: str
    content: Content
    replaced: Content

    def problem(self, at_source, at_target):
        """What is wrong with what both names show in the end, as its kind and a text, or None: a move is done or not done."""
        is_done = isinstance(at_source, Absent) and at_target.fits(self.content)
        if is_done or at_source.fits(self.content) and at_target.fits(self.replaced):
            return None
        is_lost = not at_source.fits(self.content) and not at_target.fits(self.content)
        return (LOST if is_lost else WRONG), (
            f"a move of {self.content} from {self.source} to {self.target}, which held {self.replaced or 'nothing'}, is neither done nor "
            f"not done: there are {at_source} and {at_target}")


@dataclass
class Name:
    versions: list = field(default_factory=lambda: [Version(None, 0, 0)])
    reads: list = field(default_factory=list)


@dataclass(frozen=True)
class Finding:
    """`kind` is LOST or WRONG."""

    kind: str
    text: str


class History:
    """Threads share it. `file` gets a JSON line for each operation."""

    def __init__(self, file):
        self._file, self._lock = open(file, "w"), threading.Lock()
        self.start = time.monotonic()
        self.names, self.counts, self.findings, self.moves = {}, Counter(), [], []

    def close(self):
        self._file.close()

    def note(self, kind, outcome, begin, **more):
        """Any operation, for the counts and the file."""
        now = time.monotonic()
        with self._lock:
            self.counts[kind, outcome] += 1
            line = {"at": round(begin - self.start, 3), "took": round(now - begin, 3), "kind": kind, "outcome": outcome}
            self._file.write(json.dumps({**line, **more}, default=str) + "\n")
            self._file.flush()

    def change(self, name, content, begin, is_sure=True):
        """A change of the name, acknowledged now where `is_sure`, or perhaps made at any time after `begin`."""
        with self._lock:
            version = Version(content, begin, time.monotonic(), is_sure)
            self.names.setdefault(name, Name()).versions.append(version)

    def see(self, name, seen, begin, what):
        with self._lock:
            self.names.setdefault(name, Name()).reads.append(Read(begin, time.monotonic(), seen, what))

    def find(self, kind, text):
        """Something that must not be, seen at once."""
        self.note("finding", kind, time.monotonic(), text=text)
        with self._lock:
            self.findings.append(Finding(kind, f"after {time.monotonic() - self.start:.1f} s: {text}"))

    def move_maybe(self, move):
        """A move whose answer was lost: `check_moves` looks whether it was made or not."""
        with self._lock:
            self.moves.append(move)

    def check_moves(self):
        """When nothing can change any more, by the last reads of both names of each move."""
        with self._lock:
            shown = {name: entry.reads[-1].seen for name, entry in self.names.items() if entry.reads}
            problems = [move.problem(shown[move.source], shown[move.target]) for move in self.moves]
        for problem in filter(None, problems):
            self.find(*problem)

    def known_names(self):
        with self._lock:
            return list(self.names)

    def is_shown(self, name, moment):
        """Whether any read that ended before that moment has shown the file."""
        with self._lock:
            return any(read.end < moment and not isinstance(read.seen, Absent) for read in self.names[name].reads)

    def names_that_may_exist(self):
        """Those that are not surely removed."""
        with self._lock:
            return [name for name, entry in self.names.items() if entry.versions[-1].content or not entry.versions[-1].is_sure]

    def check(self):
        """All findings, those of `find` among them."""
        with self._lock:
            found = list(self.findings)
            for name, entry in self.names.items():
                found += [Finding(kind, f"{name}: {text}") for kind, text in _check(entry, self.start)]
        return found


def _check(entry, start):
    """What of the reads of one name cannot have been seen, each as its kind and a text."""
    finished = []
    for read in sorted(entry.reads, key=lambda read: read.end):
        possible = [number for number, version in enumerate(entry.versions) if version.begin <= read.end and not any(
            later.is_sure and later.end < read.begin for later in entry.versions[number + 1:])]
        fitting = [number for number in possible if read.seen.fits(entry.versions[number].content)]
        when = f"{read.what} from {read.begin - start:.2f} to {read.end - start:.2f} s"
        if not fitting:
            wanted = " or ".join(str(entry.versions[number].content) for number in possible)
            others = [number for number, version in enumerate(entry.versions) if read.seen.fits(version.content)]
            yield LOST if isinstance(read.seen, Absent) else WRONG, f"{when} saw {read.seen}, not {wanted}; it fits {others}"
            continue
        # What a read has shown is not taken back before the next one.
        shown = max((least for end, least in finished if end < read.begin), default=0)
        if max(fitting) < shown:
            yield WRONG, f"{when} saw {read.seen}, though a read before it saw a later content"
        finished.append((read.end, min(fitting)))


def self_test():
    """The checks find what they are for."""
    one, two, whole = Content((("one", 10),)), Content((("two", 10),)), lambda content: Whole.of(content.data())
    put = Version(one, 1, 2)
    over = [put, Version(two, 5, 6)]
    maybe = [put, Version(two, 5, 6, is_sure=False)]
    torn = Content((("one", 10),)).plus("more", 10, is_sure=False)
    part = Whole.of(torn.data()[:15])
    good = [([put], whole(one), 3, 4), (over, whole(one), 3, 5.5), (over, whole(two), 5.1, 5.2), (maybe, whole(one), 9, 10),
            (maybe, whole(two), 9, 10), ([put], Absent(), 0, 1.5), ([put, Version(torn, 3, 4, False)], part, 5, 6),
            ([put, Version(None, 3, 4)], Absent(), 5, 6)]
    bad = [([put], whole(two), 3, 4), ([put], Absent(), 3, 4), (over, whole(one), 7, 8), (over, whole(two), 3, 4),
           ([put, Version(None, 3, 4)], whole(one), 5, 6), ([put, Version(None, 3, 4)], Listed(10), 5, 6), ([put], part, 5, 6)]
    for is_good, cases in ((True, good), (False, bad)):
        for versions, seen, begin, end in cases:
            entry = Name([Version(None, 0, 0), *versions], [Read(begin, end, seen, "self-test")])
            if (not list(_check(entry, 0))) != is_good:
                raise AssertionError(f"{seen} from {begin} to {end} of {versions} is not taken for {'' if is_good else 'un'}true")
    back = Name([Version(None, 0, 0), *maybe], [Read(7, 8, whole(two), "new"), Read(9, 10, whole(one), "old")])
    if not list(_check(back, 0)):
        raise AssertionError("a content that went back is not found")
    _self_test_moves(one, two)


def _self_test_moves(one, two):
    there, old, empty, gone = Whole.of(one.data()), Whole.of(two.data()), Whole.of(b""), Absent()
    free, over, of_nothing = Move("a", "b", one, None), Move("a", "b", one, two), Move("a", "b", Content(()), Content(()))
    good = [(free, there, gone), (free, gone, there), (over, there, old), (over, gone, there), (of_nothing, empty, empty),
            (of_nothing, gone, empty)]
    bad = [(free, gone, gone, LOST), (free, there, there, WRONG), (over, gone, old, LOST), (over, there, gone, WRONG),
           (over, there, there, WRONG), (over, gone, gone, LOST), (of_nothing, gone, gone, LOST), (free, old, there, WRONG)]
    for move, source, target in good:
        if move.problem(source, target):
            raise AssertionError(f"{move} that shows {source} and {target} is taken for untrue")
    for move, source, target, kind in bad:
        if (move.problem(source, target) or (None,))[0] != kind:
            raise AssertionError(f"{move} that shows {source} and {target} is not {kind}")
