"""The two file systems with four storage nodes, of which one is killed: where its chunks lie, and when copies are there again."""

import re
import time
from collections import Counter

from harness import processes
from peers import systems

HOSTS = ("client", "master", "store-1", "store-2", "store-3", "store-4")
STORES = HOSTS[2:]
VICTIM, SURVIVORS = STORES[0], STORES[1:]
POLL_SECONDS = 0.05


class Repairable:
    """What both have: files of one chunk each, and the files that chunks are on the disks of storage nodes."""

    settings = ""

    def fill(self, folder):
        """Stores all files of a folder, with two copies."""
        done = processes.run(self.hosts["client"].command(self._fill_command(folder)), 3600)
        if not done.ok:
            raise processes.ProcessError(f"{self.name} cannot be filled: {done}")

    def chunk_files(self, store):
        """Paths and lengths of the chunks there, also of those that are still being copied."""
        found = {}
        for path in (self.folder / store).rglob("*"):
            try:
                if path.is_file() and self._is_chunk(path):
                    found[path] = path.stat().st_size
            except OSError:
                continue  # renamed meanwhile
        return found

    def doubled(self, size, stores):
        """How many chunks of at least `size` bytes have whole copies on two of the stores."""
        copies = Counter(self._chunk(path) for store in stores for path, length in self.chunk_files(store).items()
                         if length >= size and self._is_whole_chunk(path))
        return sum(count >= 2 for count in copies.values())

    def begun(self):
        """How many copies the survivors have or are making."""
        return sum(len(self.chunk_files(store)) for store in SURVIVORS)

    def kill(self):
        """SIGKILL for the storage node that is to be lost."""
        process = next(one for one in self._processes if one.name.endswith(VICTIM))
        self._processes.remove(process)
        process.kill()


class DFSRepair(Repairable, systems.DFS):
    """This file system as it comes: it has no limit of rate by default, and no grace for chunks with one copy left."""

    settings = "its defaults"

    def fill(self, folder):
        """The probe, which has a copy on every node, could not be whole again."""
        done = processes.run(self.hosts["client"].command([*self._client, "rm", "probe"]), 60)
        if not done.ok:
            raise processes.ProcessError(str(done))
        super().fill(folder)

    def _fill_command(self, folder):
        return [*self._client, "put", "-r", folder, "data"]

    def _is_chunk(self, path):
        return ".dfs" not in path.parts or "tmp" in path.parts

    def _chunk(self, path):
        return path.name

    def _is_whole_chunk(self, path):
        """A chunk gets its name when it is durable."""
        return ".dfs" not in path.parts

    def is_found(self):
        """Whether the master counts the victim as dead, by its own word."""
        done = processes.run(self.hosts["client"].command([*self._client, "df"]), 20)
        return "silent since" in done.output

    def is_whole(self):
        done = processes.run(self.hosts["client"].command([*self._client, "fsck"]), 60)
        return done.ok and bool(re.search(r" 0 under-replicated, 0 missing, 0 open$", done.output.strip()))


class MooseFSRepair(Repairable, systems.MooseFS):
    """MooseFS with the fastest repair that its settings allow: it looks for chunks without a pause, begins at once, and each
    storage node sends and takes many chunks at a time."""

    name = "MooseFS"
    master_settings = {"REPLICATIONS_DELAY_INIT": 0, "CHUNKS_LOOP_MIN_TIME": 1, "CHUNKS_LOOP_MAX_CPS": 10_000_000,
                       "CHUNKS_WRITE_REP_LIMIT": "20,20,1,4", "CHUNKS_READ_REP_LIMIT": "20,20,2,5"}
    settings = ", ".join(f"{key} = {value}" for key, value in master_settings.items())

    def _fill_command(self, folder):
        return ["cp", "-r", folder, self._mount / "data"]

    def _is_chunk(self, path):
        return path.suffix == ".mfs" and path.name.startswith("chunk_")

    def _chunk(self, path):
        """Without its version."""
        return path.name.split("_")[1]

    def _is_whole_chunk(self, path):
        """It grows to its length, checksums before it."""
        return True

    def is_found(self):
        """By the master's log."""
        text = (self.logs / "mfsmaster.log").read_text(errors="replace")
        return bool(re.search(rf"chunkserver.*{re.escape(self.hosts[VICTIM].address)}.*disconnected|"
                              rf"chunkserver disconnected.*{re.escape(self.hosts[VICTIM].address)}", text))

    def is_whole(self):
        """No file has a chunk with fewer copies than two."""
        done = processes.run(self.hosts["client"].command(
            ["find", self._mount / "data", "-type", "f", "-exec", "mfscheckfile", "{}", "+"]), 60)
        return done.ok and "copies" in done.output and not re.search(r"chunks with [01] cop", done.output)


def await_fact(fact, seconds, what):
    """Seconds from now until it holds."""
    start = time.monotonic()
    processes.await_condition(fact, seconds, what, interval=POLL_SECONDS)
    return time.monotonic() - start
