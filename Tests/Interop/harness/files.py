"""The files that go in and out: random data of each size, made once, and comparisons with it."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

KIB, MIB = 1 << 10, 1 << 20
CHUNK = 64 * MIB
PIECE = 1 * MIB

SIZES = {
    "0": 0, "1": 1, "64KiB": 64 * KIB, "64MiB-1": CHUNK - 1, "64MiB": CHUNK, "64MiB+1": CHUNK + 1, "200MiB": 200 * MIB,
}
# One chunk and two.
SMALL, LARGE = "64KiB", "64MiB+1"


@dataclass(frozen=True)
class Sample:
    """One local file. `label` is its size as people write it."""

    label: str
    size: int
    path: Path

    @property
    def chunk_count(self):
        return (self.size + CHUNK - 1) // CHUNK


def make_sample(path, label, size):
    """Writes a file of random data."""
    with open(path, "wb") as file:
        for start in range(0, size, PIECE):
            file.write(os.urandom(min(PIECE, size - start)))
    return Sample(label, size, path)


def joined(path, samples):
    """Writes a file of the bytes of several."""
    with open(path, "wb") as file:
        for sample in samples:
            with open(sample.path, "rb") as source:
                shutil.copyfileobj(source, file, PIECE)
    return Sample("+".join(sample.label for sample in samples), sum(sample.size for sample in samples), path)


def make_samples(folder, labels):
    """Writes random data of each size."""
    return {label: make_sample(folder / f"sample-{label}", label, SIZES[label]) for label in labels}


def difference(path, sample, offset=0, length=None):
    """None when the file holds exactly `length` bytes of the sample from `offset`; else what is wrong, in words."""
    length = sample.size - offset if length is None else length
    try:
        with open(path, "rb") as file, open(sample.path, "rb") as wanted:
            size = os.fstat(file.fileno()).st_size
            if size < length:  # without reading: this is asked again and again while a copy grows
                return f"short: {size} of {length} bytes"
            wanted.seek(offset)
            for done in range(0, length, PIECE):
                count = min(PIECE, length - done)
                if file.read(count) != wanted.read(count):
                    return f"wrong bytes between {done} and {done + count} of {length}"
            return f"too long: {size} bytes instead of {length}" if size > length else None
    except FileNotFoundError:
        return "missing"


def scratch_parent(needed):
    """Where to put `needed` bytes: memory when there is room, the temporary folder otherwise."""
    chosen = os.environ.get("DFS_INTEROP_TMP")
    if chosen:
        return chosen
    memory = "/dev/shm"
    try:
        with open("/proc/meminfo") as lines:
            available = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))
        if min(available, shutil.disk_usage(memory).free) > needed + 2 * (1 << 30):
            return memory
    except (OSError, StopIteration):
        pass
    return None
