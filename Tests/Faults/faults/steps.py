"""The steps of a put, in order, and how each is known by what the processes tell."""

import re
from dataclasses import dataclass

from .cluster import CLIENT, MASTER, REPLICATION

FIRST, MIDDLE, LAST = ROLES = ("first", "middle", "last")
# A file of several chunks is broken at the second one.
TARGET_INDEX = 1
COMMITS = ("create", "allocate 0", "allocate 1", "allocate 2", "complete")


@dataclass(frozen=True)
class Step:
    """`where` takes it: the client, the master, or a chunk server of the chain."""

    name: str
    where: str
    # A disk can fail here.
    is_disk: bool = False
    # The file is one chunk only: what tells the chunks of a file apart is not known here.
    is_one_chunk: bool = False
    # All servers of the chain are known.
    has_roles: bool = True


SERVER = "server"
STEPS = [
    *(Step(f"{commit}{phase}", MASTER, is_disk=phase != " committed", has_roles=False)
      for commit in ("create", "allocate") for phase in ("", " sync", " committed")),
    Step("begin", SERVER, is_disk=True, is_one_chunk=True, has_roles=False),
    Step("set aside", SERVER, is_disk=True, is_one_chunk=True, has_roles=False),
    Step("send", CLIENT, is_one_chunk=True, has_roles=False),
    Step("forward", SERVER, is_one_chunk=True),
    Step("first bytes", SERVER, is_disk=True),
    Step("middle", SERVER, is_disk=True),
    Step("last bytes", SERVER, is_disk=True),
    Step("digest", SERVER, is_disk=True),
    Step("sync", SERVER, is_disk=True),
    Step("rename", SERVER, is_disk=True),
    Step("folder sync", SERVER, is_disk=True),
    Step("durable", SERVER),
    Step("report", SERVER),
    Step("acknowledge", SERVER),
    *(Step(f"complete{phase}", MASTER, is_disk=phase != " committed") for phase in ("", " sync", " committed")),
    Step("ended", CLIENT),
]


class Watch:
    """Follows one put by the events of all processes. `tag` begins each chunk's bytes, and its index follows."""

    def __init__(self, cluster, name, tag, is_one_chunk):
        self.cluster, self.name, self.tag, self.is_one_chunk = cluster, name, tag, is_one_chunk
        self.index = 0 if is_one_chunk else TARGET_INDEX
        self.log_starts = cluster.log_ends()
        self._commits, self._is_committing = 0, False
        self._created, self._forwarded, self._chunks = [], {}, {}
        self._renamed, self._durable, self._reported = set(), set(), set()
        self._chunk_name = re.compile(rf"{re.escape(name)}\.[0-9a-f]{{16}}_{self.index}")

    def role(self, node, step):
        """Where the server stands in the chain of the chunk that is watched."""
        if step in ("begin", "set aside"):
            chain = self._created
        else:
            chain = self.chain() or []
        return ROLES[chain.index(node)] if node in chain[:REPLICATION] else None

    def chain(self):
        return self.cluster.chain(self.name, self.index, self.log_starts)

    def seen(self):
        """What there was of the watched chunk, for who asks why a step was not among it."""
        servers = {"renamed": self._renamed, "durable": self._durable, "reported": self._reported}
        told = ", ".join(f"{what} on {sorted(names)}" for what, names in servers.items())
        return f"commits {self._commits}, chain {self.chain()}, {told}"

    def step(self, event):
        """The name of the step that the event is, or None."""
        if event.node == CLIENT:
            is_half = event.step == "send" and event.what == "down" and event.offset + event.length >= self.cluster.chunk // 2
            return "send" if is_half else None
        return self._master_step(event) if event.node == MASTER else self._server_step(event)

    def _master_step(self, event):
        if not event.what.endswith("-wal") or self._commits == len(COMMITS):
            return None
        commit = COMMITS[self._commits]
        name = {f"allocate {self.index}": "allocate", "complete": commit, "create": commit}.get(commit)
        if event.step == "write" and not self._is_committing:
            self._is_committing = True
            return name
        if event.step == "sync" and self._is_committing:
            return name and f"{name} sync"
        if event.step == "synced" and self._is_committing:
            self._commits, self._is_committing = self._commits + 1, False
            return name and f"{name} committed"
        return None

    def _server_step(self, event):
        if event.step == "send":
            return self._send_step(event)
        if event.step in ("create", "allocate"):
            return self._begin_step(event)
        if event.step == "rename":
            if not self._chunk_name.fullmatch(event.what.rpartition("/")[2]):
                return None
            self._renamed.add(event.node)
            return "rename"
        if event.node in self._renamed and event.what == str(self.cluster.nodes[event.node].folder):
            if event.step == "synced":
                self._durable.add(event.node)
                self.cluster.breakpoints.told_of_sends.add(event.node)
            return {"sync": "folder sync", "synced": "durable"}.get(event.step)
        return self._file_step(event)

    def _begin_step(self, event):
        """The chain is walked one by one, so the order of the first files is that of the chain."""
        if "/.dfs/tmp/" not in event.what:
            return None
        if event.step == "create" and event.node not in self._created:
            self._created.append(event.node)
        return "begin" if event.step == "create" else "set aside"

    def _file_step(self, event):
        upload = (event.node, event.what)
        if event.step == "write" and event.offset == 0:
            self._chunks[upload] = event.tag
        if self._chunks.get(upload) != f"{self.tag}{self.index}":
            return None
        if event.step != "write":
            return {"attribute": "digest", "sync": "sync"}.get(event.step)
        if event.offset == 0:
            return "first bytes"
        end = event.offset + event.length
        return "last bytes" if end == self.cluster.chunk else "middle" if event.offset <= self.cluster.chunk // 2 < end else None

    def _send_step(self, event):
        if event.what == "down":
            start = self._forwarded.setdefault(event.node, event.offset)
            return "forward" if event.offset + event.length - start >= self.cluster.chunk // 2 else None
        if event.node not in self._durable:
            return None
        if event.what == "master" and event.node not in self._reported:
            self._reported.add(event.node)
            return "report"
        return "acknowledge" if event.what == "up" and event.node in self._reported else None
