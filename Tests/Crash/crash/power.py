"""The power of the master's machine: what `power.c` wrote down, and what a disk holds after the power was cut."""

import os
import shutil
import struct
from collections import namedtuple
from pathlib import Path

from harness import preload

SOURCE = Path(__file__).with_name("power.c")
SECTOR = 512
_HEAD = struct.Struct("=6Q")
_BYTES, _MADE, _GONE, _MOVED, _SYNCED = range(1, 6)

Record = namedtuple("Record", "position kind inode offset length old_length payload")


def build(folder):
    """Compiles the library into `folder`. Raises ProcessError."""
    return preload.build(SOURCE, folder)


class Power:
    """Of one folder, whose files are changed by a process with the library. `beside` holds the journal."""

    def __init__(self, library, folder, beside):
        self.library, self.folder = library, folder.resolve()
        self.journal, self.kept, self.fuse = beside / "journal", beside / "kept", beside / "fuse"
        self.kept.mkdir(parents=True)

    def environment(self, lies=False):
        """For the process. With `lies` its syncs do nothing and succeed."""
        found = {"LD_PRELOAD": self.library, "POWER_FOLDER": self.folder, "POWER_JOURNAL": self.journal,
                 "POWER_KEPT": self.kept, "POWER_KILL": self.fuse}
        return {name: str(value) for name, value in found.items()} | ({"POWER_LIES": "1"} if lies else {})

    def kill_at(self, count):
        """Kills the process before the `count`th change or after the `count`th sync from now on, or never (None)."""
        self.fuse.unlink(missing_ok=True)
        if count:
            new = self.fuse.with_suffix(".new")
            new.write_text(str(count))
            new.rename(self.fuse)

    def unsynced(self):
        """The records that no sync has ended, in order."""
        records = list(self._records())
        synced = {}
        for record in records:
            if record.kind == _SYNCED:
                synced[record.inode] = max(record.offset, synced.get(record.inode, 0))
        return [record for record in records
                if record.kind != _SYNCED and record.position >= synced.get(record.inode, 0)]

    def _records(self):
        data = self.journal.read_bytes() if self.journal.exists() else b""
        position = 0
        # A record that was cut off is one whose change was not made.
        while position + _HEAD.size <= len(data):
            *head, size = _HEAD.unpack_from(data, position)
            payload = data[position + _HEAD.size:position + _HEAD.size + size]
            if len(payload) < size:
                return
            yield Record(position, *head, payload)
            position += _HEAD.size + size

    def cut(self, chance=None, copy=None):
        """Takes back what was not synced; the process must be dead. Without `chance` all of it, else of each sector, of
        each length and of the names what `chance` draws. A copy of what was there before goes to the folder `copy`.
        Returns what happened, in words."""
        if copy:
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(self.folder, copy / "folder")
            shutil.copytree(self.journal.parent, copy / "journal")
        unsynced = self.unsynced()
        _restore_bytes([record for record in unsynced if record.kind == _BYTES], self._paths(), _Survival(chance))
        self._restore_names([record for record in unsynced if record.kind != _BYTES], _Survival(chance))
        for path in self.folder.glob("*-shm"):
            if chance is None or chance.random() < 0.5:
                path.unlink()
        self.forget()
        return f"took back {'all' if chance is None else 'some'} of {len(unsynced)} changes"

    def forget(self):
        """From now on, what is there is durable."""
        if self.journal.exists():
            self.journal.write_bytes(b"")
        for path in self.kept.iterdir():
            path.unlink()

    def _paths(self):
        """One path of each inode."""
        return {path.stat().st_ino: path for folder in (self.kept, self.folder) for path in folder.iterdir()}

    def _restore_names(self, records, survival):
        """Those of a folder reach the disk in their order, as file systems do it."""
        for inode in {record.inode for record in records}:
            ours = [record for record in records if record.inode == inode]
            first = survival.of("names", [record.position for record in ours])
            for record in reversed([record for record in ours if record.position >= first]):
                self._restore_name(record)

    def _restore_name(self, record):
        names = [os.fsdecode(name) for name in record.payload.split(b"\0")[:-1]]
        path = self.folder / names[0]
        if record.kind == _MADE:
            path.unlink(missing_ok=True)
        elif record.kind == _GONE:
            # It may be there still: the process died between the record and the change.
            if not path.exists():
                os.link(self.kept / names[1], path)
        elif not path.exists():
            target = self.folder / names[1]
            if target.exists() and target.stat().st_ino == record.offset:
                target.rename(path)
                if names[2]:
                    os.link(self.kept / names[2], target)


class _Survival:
    """From which of its changes on something is lost: the earlier ones had reached the disk by themselves."""

    def __init__(self, chance):
        self._chance, self._drawn = chance, {}

    def of(self, thing, positions):
        """The position of the first change that is lost, beyond all of them when none is."""
        if self._chance is None:
            return 0
        if thing not in self._drawn:
            whole = self._chance.choice([0, positions[-1] + 1])
            self._drawn[thing] = self._chance.choice([whole, self._chance.choice(positions)])
        return self._drawn[thing]


def _restore_bytes(records, paths, survival):
    for inode in dict.fromkeys(record.inode for record in records):
        if inode not in paths:
            continue  # it was never made, for the process died first
        ours = [record for record in records if record.inode == inode]
        content = bytearray(paths[inode].read_bytes())
        length = len(content)
        positions = {}
        for record in ours:
            for sector in _sectors(record):
                positions.setdefault(sector, []).append(record.position)
        for record in reversed(ours):
            for sector in _sectors(record):
                if record.position >= survival.of((inode, sector), positions[sector]):
                    _restore_sector(content, record, sector)
            if record.position >= survival.of((inode, "length"), [record.position for record in ours]):
                length = record.old_length
        content = content[:length] + bytes(max(0, length - len(content)))
        paths[inode].write_bytes(content)


def _sectors(record):
    return range(record.offset // SECTOR, -(-(record.offset + record.length) // SECTOR))


def _restore_sector(content, record, sector):
    """Old bytes where the record has some, zeros where the file was shorter."""
    first = max(record.offset, sector * SECTOR)
    end = min(record.offset + record.length, (sector + 1) * SECTOR)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    old = record.payload[first - record.offset:end - record.offset]
    content[first:end] = old + bytes(end - first - len(old))
