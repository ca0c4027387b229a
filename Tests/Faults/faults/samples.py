"""The files that are put: each chunk begins with a tag of its own, so that it is known wherever its bytes are written."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from .cluster import SLOW_CHUNK

TAG_BYTES = 16
# The last chunk of several is short and no whole number of disk blocks.
LAST_CHUNK = 100_001
_FILLING = os.urandom(SLOW_CHUNK)


@dataclass(frozen=True)
class Sample:
    """A local file, and the SHA-256 of all of it and of each chunk."""

    path: Path
    digest: str
    chunk_digests: list


def tag(number):
    """What the chunks of a file begin with, but for the index behind it."""
    return f"c{number:+0{TAG_BYTES - 3}d}-"


def make(path, number, is_one_chunk, chunk):
    """`chunk` is the size of the whole ones."""
    chunks = [f"{tag(number)}{index}".encode() + _FILLING[TAG_BYTES:length]
              for index, length in enumerate([chunk] if is_one_chunk else [chunk, chunk, LAST_CHUNK])]
    path.write_bytes(b"".join(chunks))
    return Sample(path, hashlib.sha256(b"".join(chunks)).hexdigest(), [hashlib.sha256(c).hexdigest() for c in chunks])


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
