"""The three clients, behind one face: put and get as processes."""

import threading
from contextlib import contextmanager
from pathlib import Path

from . import layout, processes

SWIFT, GO, PYTHON = "swift", "go", "python"
KINDS = (SWIFT, GO, PYTHON)
CALL_SECONDS = 120


class _Transfers:
    """Two cores carry a handful of clusters: only two transfers run at a time, the rest of the work is waiting. A put
    under a Go master runs alone, because the longer it takes, the more likely a heartbeat falls into it."""

    def __init__(self):
        self._free = threading.Semaphore(2)
        self._alone = threading.Lock()

    @contextmanager
    def any(self):
        with self._free:
            yield

    @contextmanager
    def alone(self):
        with self._alone, self._free, self._free:
            yield


transfers = _Transfers()


def binary(kind, name):
    """The path of a Swift or Go binary: `name` is master, chunkserver or client."""
    folder = layout.swift_bin() if kind == SWIFT else layout.original_bin() or layout.GO_BIN
    return folder / f"dfs-{name}"


def command(kind, master):
    program = [layout.PYTHON, layout.PYTHON_CLIENT] if kind == PYTHON else [binary(kind, "client")]
    return [*program, "-master", master]


def put(kind, master, local, remote, alone=False, before=None, upload_seconds=None):
    """`alone` keeps other transfers away meanwhile; `before` is called when its turn has come; `upload_seconds`
    stretches the upload (Python only)."""
    extra = {"DFS_UPLOAD_SECONDS": str(upload_seconds)} if upload_seconds else None
    with transfers.alone() if alone else transfers.any():
        if before:
            before()
        return processes.run([*command(kind, master), "put", local, remote], CALL_SECONDS, extra)


def append(master, local, remote):
    """By the Swift client, the only one that can."""
    with transfers.any():
        return processes.run([*command(SWIFT, master), "append", "-create", local, remote], CALL_SECONDS)


def get(kind, master, remote, folder):
    """Into a folder that is made first, with those that the name asks for: a Go get makes none. Over connections, as between
    machines, also where a Swift client could read a replica on this one from its file."""
    (Path(folder) / remote).parent.mkdir(parents=True, exist_ok=True)
    with transfers.any():
        return processes.run([*command(kind, master), "get", remote, folder], CALL_SECONDS, {"DFS_SHORT_CIRCUIT": "off"})


def list_all(master):
    """A JSON object a line for all that a Swift master holds."""
    return processes.run([*command(SWIFT, master), "ls", "-R", "-json"], CALL_SECONDS)
