"""What must be true when all faults are healed: every chunk gets its copies in bounded time, and nothing is lost or wrong."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

from harness import processes

from .cluster import REPLICATION
from .contents import Whole
from .history import LOST, WRONG
from .load import NO_SUCH_FILE
from .others import Appender, Lister

# Absence counts after 10 s, servers are read once in SCRUB_SECONDS, and what was ordered and not done is ordered again
# after 60 s; a file of a Go client is read twice.
HEAL_SECONDS = 180
READ_SECONDS = 60
READERS = 4


class Ending:
    """`run` of main.py, when its clients have ended and its faults are healed."""

    def __init__(self, run):
        self.run, self.cluster, self.history = run, run.cluster, run.history
        self.files = self.chunks = 0
        self._numbers = itertools.count()

    def check(self):
        """Returns the seconds until the copies were there, or None where they were not in time."""
        begin = time.monotonic()
        if not self._await_copies():
            return None
        seconds = time.monotonic() - begin
        self._read_all()
        for node in self.cluster.nodes.values():
            node.kill()
        for node in self.cluster.nodes.values():
            node.start()
        if not self._await_copies():
            return None
        self._read_all()
        self.history.check_moves()
        return seconds

    def _await_copies(self):
        reasons = []

        def is_healed():
            reasons[:] = self._what_is_left()
            return not reasons
        try:
            processes.await_condition(is_healed, HEAL_SECONDS, "every chunk has its copies", interval=1)
            return True
        except processes.ProcessError as error:
            self.history.find(WRONG, f"not healed: {error}: {'; '.join(reasons[:8])}")
            return False

    def _what_is_left(self):
        """What is not as it must be in the end, in words: by the master's word, then by the folders of the servers."""
        files = self.cluster.json_lines("fsck", "-l", "-json")
        files = [file for file in files if "path" in file]
        if not files:
            return ["fsck names no file"]
        reasons = [f"{file['path']} is {file['state']}" for file in files if file["state"] != "healthy"]
        if reasons:
            return reasons
        chunks = [chunk for file in files for chunk in file["chunks"]]
        self.files, self.chunks = len(files), len(chunks)
        return [reason for chunk in chunks for reason in self._compare(chunk)]

    def _compare(self, chunk):
        """The copies of a chunk that the master names, as they are on the disks, with each other; what clients read is compared
        later."""
        if len(set(chunk["servers"])) != REPLICATION:
            return [f"{chunk['id']} is on {chunk['servers']}, not on {REPLICATION} servers"]
        copies = set()
        for address in chunk["servers"]:
            try:
                data = (self.cluster.chunk_folder(address) / chunk["id"]).read_bytes()
            except OSError as error:
                return [str(error)]
            copies.add(Whole.of(data))
        if len(copies) != 1 or next(iter(copies)).size != chunk["length"]:
            return [f"the copies of {chunk['id']} differ: {copies}"]
        return []

    def _read_all(self):
        """The namespace, every file that may be there, and every record, as they are now."""
        self._must(self._reader(Lister).list, "the namespace")
        names = self.history.names_that_may_exist()
        with ThreadPoolExecutor(READERS) as pool:
            list(pool.map(self._read, [names[number::READERS] for number in range(READERS)]))
        reader = self._reader(Appender)
        for name in self.run.records.names():
            self._must(lambda: reader.read_records(name), name)

    def _read(self, names):
        reader = self._reader(Lister)
        for name in names:
            self._must(lambda: reader.get(name), name)

    def _reader(self, kind):
        return kind(f"reader-{next(self._numbers)}", self.run, 0)

    def _must(self, call, what):
        """Again while the cluster is not ready. That there is no such file is an answer, which is judged with the history."""
        deadline = time.monotonic() + READ_SECONDS
        while True:
            done = call()
            if done.ok or done.code == NO_SUCH_FILE:
                return
            if time.monotonic() > deadline:
                self.history.find(LOST, f"{what} cannot be read: {done}")
                return
            time.sleep(1)

    def gaps(self):
        """Puts of Go and Python clients that succeeded in a gap of their protocol and are not whole, in words."""
        found = []
        for stranger in self.run.strangers:
            for name, content in stranger.promised:
                reads = self.history.names[name].reads
                if not reads or not reads[-1].seen.fits(content):
                    found.append(f"{name}: {reads[-1].seen if reads else 'never read'}, not {content}")
        return found
