"""The three clients, behind one face: put and get as processes."""

import threading
from pathlib import Path

from . import layout, processes

SWIFT, GO, PYTHON = "swift", "go", "python"
KINDS = (SWIFT, GO, PYTHON)
CALL_SECONDS = 120

# Two cores carry a handful of clusters: only so many transfers at a time, the rest of the work is waiting.
_transfers = threading.Semaphore(2)


def binary(kind, name):
    """The path of a Swift or Go binary: `name` is master, chunkserver or client."""
    folder = layout.swift_bin() if kind == SWIFT else layout.original_bin() or layout.GO_BIN
    return folder / f"dfs-{name}"


def _command(kind, master):
    program = [layout.PYTHON, layout.PYTHON_CLIENT] if kind == PYTHON else [binary(kind, "client")]
    return [*program, "-master", master]


def put(kind, master, local, remote, upload_seconds=None):
    """`upload_seconds` stretches the upload (Python only)."""
    extra = {"DFS_UPLOAD_SECONDS": str(upload_seconds)} if upload_seconds else None
    with _transfers:
        return processes.run([*_command(kind, master), "put", local, remote], CALL_SECONDS, extra)


def get(kind, master, remote, folder):
    """Into a folder that is made first, with those that the name asks for: a Go get makes none."""
    (Path(folder) / remote).parent.mkdir(parents=True, exist_ok=True)
    with _transfers:
        return processes.run([*_command(kind, master), "get", remote, folder], CALL_SECONDS)
