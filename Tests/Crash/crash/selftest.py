"""Shows that the harness can fail: that the library sees what changes files, and that lost changes are found."""

import random
import subprocess
import sys

from harness.processes import ProcessError

from .cluster import Master, Mismatch
from .power import Power
from .writer import FOLDER_KINDS, Writer

CHANGES = 12

# What a process does before each of the calls and syncs, in a folder with files "a" to "f".
BEGIN = """
import os, sys
os.chdir(sys.argv[1])
here = os.open(".", os.O_RDONLY)
def opened(name, flags=os.O_RDWR, **where):
    return os.open(name, flags, 0o600, **where)
a = opened("a")
"""

# Each call that the library knows.
CALLS = """
os.write(a, b"1")
os.pwrite(a, b"2", 700)
os.writev(a, [b"3", b"4"])
os.pwritev(a, [b"5", b"6"], 3999)
os.pwritev(a, [b"7"], 9000, os.RWF_DSYNC)
os.write(opened("b", os.O_WRONLY | os.O_APPEND), b"at the end")
os.ftruncate(a, 10)
os.ftruncate(a, 10000)
os.truncate("b", 3)
os.posix_fallocate(a, 0, 5000)
open("c", "wb").close()
opened("new", os.O_RDWR | os.O_CREAT)
opened("new", os.O_WRONLY | os.O_CREAT, dir_fd=here)
os.link("d", "new")
os.rename("a", "new")
os.replace("a", "b")
os.rename("a", "b", src_dir_fd=here, dst_dir_fd=here)
os.unlink("e")
os.unlink("e", dir_fd=here)
os.write(a, b"8"), os.unlink("a"), os.write(opened("a", os.O_RDWR | os.O_CREAT), b"9"), os.rename("a", "b")
""".strip().splitlines()

# What must outlast a cut: all that was synced, and nothing else.
SYNCS = """
os.pwrite(a, b"synced", 0), os.fdatasync(a), os.pwrite(a, b"lost!!", 0)
os.fsync(opened("made", os.O_RDWR | os.O_CREAT))
os.replace("b", "c")
os.fsync(here)
os.fsync(opened("lost", os.O_RDWR | os.O_CREAT))
os.rename("made", "moved")
os.unlink("d")
"""


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


def expect(found, expected, what):
    differing = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    if differing:
        raise Mismatch(f"{what}: these files differ: {differing}")


def check_library(folder, library):
    """Without a master: each call by itself, then syncs."""
    cases = [(call, lambda before: before) for call in CALLS] + [(SYNCS, after_syncs)]
    for number, (script, after) in enumerate(cases):
        place = folder / f"call-{number}"
        files = place / "files"
        files.mkdir(parents=True)
        for name in "abcdef":
            (files / name).write_bytes(name.encode() * 4000)
        before = contents(files)
        power = Power(library, files, place / "power")
        done = subprocess.run([sys.executable, "-c", BEGIN + script, str(files)], env=power.environment(), text=True,
                              capture_output=True)
        if done.returncode != 0:
            raise Mismatch(f"{place}: {done.stderr}")
        if contents(files) == before:
            raise Mismatch(f"nothing was changed in {files} by {script}")
        power.cut()
        expect(contents(files), after(before), f"after a cut, in {files}, of {script}")


def after_syncs(before):
    rest = {name: content for name, content in before.items() if name != "b"}
    return {**rest, "a": b"synced" + before["a"][6:], "c": before["b"], "made": b""}


def changed(writer):
    for _ in range(CHANGES):
        writer.change()
    if writer.counts["unknown"]:
        raise Mismatch("a master that runs did not answer")


def check_lost_changes_are_found(folder, library):
    """Of a master whose syncs do nothing everything can be taken back, and then the model misses it."""
    for number, chance in enumerate([None, random.Random(1)]):
        place = folder / f"lies-{number}"
        place.mkdir()
        master = Master(place, library)
        master.start()
        writer = Writer(master, "w", place.name, FOLDER_KINDS)
        master.cut_power()
        before = contents(master.meta)
        master.start(lies=True)
        check_maps(master)
        changed(writer)
        master.cut_power(chance)
        if chance is None:
            expect(contents(master.meta), before, f"the library missed a change of {master.meta}")
        try:
            master.start()
            writer.check(reads_all=True)
        except (Mismatch, ProcessError):
            continue
        finally:
            master.kill()
        raise Mismatch(f"changes that were lost on purpose were not missed: {place}")


def check_maps(master):
    """The library does not see what is written through memory."""
    maps = open(f"/proc/{master.process.pid}/maps").read().splitlines()
    if any(str(master.meta) in line and not line.endswith("-shm") for line in maps):
        raise Mismatch("the master maps a file of its metadata into memory; the library cannot see that")


def check_what_is_shown_is_durable(folder, library):
    """A process may die between its write and its sync. The next one reads that write and shows it: from then on it
    must outlast a cut, too."""
    place = folder / "shown"
    place.mkdir()
    master = Master(place, library)
    master.start()
    writer = Writer(master, "w", place.name, FOLDER_KINDS)
    master.kill()
    master.start(lies=True)
    changed(writer)
    master.kill()
    master.start()
    writer.check(reads_all=True)
    master.cut_power()
    master.start()
    writer.check(reads_all=True)
    master.kill()


def run(folder, library):
    for check in (check_library, check_lost_changes_are_found, check_what_is_shown_is_durable):
        try:
            check(folder, library)
        except (Mismatch, ProcessError) as error:
            raise Mismatch(f"self-test, {check.__name__}: {error}") from error
