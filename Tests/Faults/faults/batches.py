"""Combos one after the other on one cluster, and what must be true of it in the end."""

import re
import shutil

from harness import processes

from . import samples
from .cluster import CHUNK, REPLICATION, Cluster
from .putting import SUCCEEDED, FaultyPut, Problem

# The longest that something may be left behind: an upload is abandoned 10 s after its connection has closed, absence counts
# after 10 s, and what was ordered and not done is ordered again after 60 s.
HEAL_SECONDS = 120
_CHUNK = re.compile(r"(.+)\.[0-9a-f]{16}_(\d+)")


class Batch:
    """`number` names its folder and is unique; puts are numbered from `first`; `chunk` is the chunk size."""

    def __init__(self, number, combos, first, folder, logs, library, chunk=CHUNK):
        self.combos, self.first, self.library, self.chunk = combos, first, library, chunk
        self.folder, self.logs = folder / f"batch-{number}", logs / f"batch-{number}"
        self.puts = []

    def run(self, tell):
        """`tell` is called with the result of each combo. Returns the problems of all of them together."""
        try:
            with Cluster(self.folder, self.logs, self.library, self.chunk) as cluster:
                for number, combo in enumerate(self.combos, self.first):
                    put = FaultyPut(cluster, combo, number)
                    self.puts.append(put)
                    result = put.run()
                    tell(result)
                    if result.problems:
                        # What comes after it on this cluster would prove nothing.
                        return []
                return self._check(cluster)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _check(self, cluster):
        try:
            self._empty_trash(cluster)
            self.check_healed(cluster)
            cluster.restart_all()
            self.check_healed(cluster)
            for put in self.puts:
                put.expect_whole()
            self._verify_receipts(cluster)
        except Problem as problem:
            return [problem]
        except processes.ProcessError as error:
            return [Problem("unhealed", f"{error} ({self.logs})")]
        return []

    def _empty_trash(self, cluster):
        """Files that were replaced are to go, too."""
        done = cluster.client("trash", "empty")
        if not done.ok:
            raise Problem("wrong", done)

    def _verify_receipts(self, cluster):
        """Each put that succeeded has left a receipt that is true, by the word of the cluster and by its disks alone."""
        count = sum(put.result.said == SUCCEEDED for put in self.puts)
        folders = [word for server in cluster.servers for word in ("-dir", server.folder)]
        for words in ([], folders) if count else ():
            done = cluster.client("verify", *words, cluster.receipts)
            if not done.ok or f"{count} receipts: {count} proven" not in done.output:
                raise Problem("wrong", f"not {count} receipts are proven: {done}\n{done.output}")

    def check_healed(self, cluster, seconds=HEAL_SECONDS):
        """Waits until every chunk has its copies and nothing else is left. Raises ProcessError or Problem."""
        reasons = []

        def is_healed():
            reasons[:] = self._what_is_left(cluster)
            return not reasons
        try:
            processes.await_condition(is_healed, seconds, "every chunk has its copies, and nothing else is left", 0.5)
        except processes.ProcessError as error:
            raise processes.ProcessError(f"{error}: {'; '.join(reasons[:6])}") from error
        self._compare(cluster)

    def _what_is_left(self, cluster):
        """What is not as it must be in the end, in words."""
        reasons, expected = [], set()
        files = {line["path"]: line for line in cluster.json_lines("fsck", "-l", "-json") if "path" in line}
        for put in self.puts:
            found = files.get(put.name)
            if not found or found["state"] != "healthy":
                reasons.append(f"{put.name} is {found and found['state']}")
            else:
                expected |= {chunk["id"] for chunk in found["chunks"]}
        copies = {}
        for server in cluster.servers:
            for path in server.folder.iterdir():
                if path.name != ".dfs":
                    copies.setdefault(path.name, []).append(server.name)
            reasons += [f"{server.name} has {path.name}" for path in (server.folder / ".dfs/tmp").iterdir()]
        for chunk in sorted(expected | copies.keys()):
            wanted = REPLICATION if chunk in expected else 0
            if len(copies.get(chunk, [])) != wanted:
                reasons.append(f"{chunk} is on {copies.get(chunk, [])}, not on {wanted} servers")
        return reasons

    def _compare(self, cluster):
        """Every byte of every copy, in the folders of the servers."""
        digests = {put.name: put.sample.chunk_digests for put in self.puts}
        for server in cluster.servers:
            for path in server.folder.iterdir():
                if path.name == ".dfs":
                    continue
                name, index = _CHUNK.fullmatch(path.name).groups()
                if samples.digest(path) != digests[name][int(index)]:
                    raise Problem("wrong", f"{server.name} holds other bytes as {path.name}")
