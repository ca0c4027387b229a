"""What files hold, made anew from a few numbers, and what clients can see of a file."""

import hashlib
import random
from dataclasses import dataclass

_FILLING = random.Random("dfs-thrash").randbytes(9 << 20)


def piece(identity, size):
    """Bytes that no other `identity` gives, but for the shortest."""
    head = f"<{identity}>".encode()[:size]
    start = random.Random(identity).randrange(4 << 20)
    return head + _FILLING[start:start + size - len(head)]


@dataclass(frozen=True)
class Content:
    """A whole file: pieces, each an identity and a size, one after the other. `least` is how many bytes of them are there,
    where that need not be all: an append that did not succeed leaves a beginning of its piece."""

    pieces: tuple
    least: int = None

    @property
    def size(self):
        return sum(size for _, size in self.pieces)

    def data(self):
        return b"".join(piece(identity, size) for identity, size in self.pieces)

    def plus(self, identity, size, is_sure=True):
        """With a piece behind it; unless `is_sure`, with a beginning of that piece."""
        return Content(self.pieces + ((identity, size),), None if is_sure else self.size)

    def __str__(self):
        return "+".join(f"{identity}({size} bytes)" for identity, size in self.pieces) or "nothing"


@dataclass(frozen=True)
class Whole:
    """All bytes of a file, as a get brought them."""

    size: int
    digest: str

    @staticmethod
    def of(data):
        return Whole(len(data), hashlib.sha256(data).hexdigest())

    def fits(self, content):
        if content is None or self.size > content.size:
            return False
        if self.size != content.size and (content.least is None or self.size < content.least):
            return False
        return Whole.of(content.data()[:self.size]) == self


@dataclass(frozen=True)
class Part:
    """The bytes of a file from `offset`, `length` of them where there are so many."""

    offset: int
    length: int
    whole: Whole

    def fits(self, content):
        if content is None:
            return False
        return Whole.of(content.data()[self.offset:self.offset + self.length]) == self.whole


@dataclass(frozen=True)
class Listed:
    """An entry of a listing. Of a file that was appended to, only the length of what is sealed is listed."""

    size: int

    def fits(self, content):
        if content is None:
            return False
        least = content.size if content.least is None else content.least
        return len(content.pieces) != 1 or least <= self.size <= content.size


@dataclass(frozen=True)
class Absent:
    """There is no such file."""

    def fits(self, content):
        return content is None
