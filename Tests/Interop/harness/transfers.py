"""Puts and gets as the contract wants them: what must work at once, what may wait, what a Go master may lose."""

import itertools
import shutil
import tempfile
import threading
import time
from pathlib import Path

from . import clients, files, processes, replicas
from .clients import GO, SWIFT
from .replicas import Stored
from .results import LostByGo

# A file that no complete call ended may be UNAVAILABLE for this long after its put, on Go servers alone.
UNAVAILABLE_SECONDS = 30
ATTEMPTS = 4  # the first and three more
# Until both copies are right. A Go server beats every 5 s, scans its folder every 10 s and copies one chunk at a time.
SWIFT_MASTER_SECONDS = 60
GO_MASTER_SECONDS = 120

_names = itertools.count(1)
_names_lock = threading.Lock()


def new_name(kind, sample, master_kind):
    """A fresh remote name. Those of some sizes need escaping; a Go master cannot take a folder in one."""
    with _names_lock:
        number = next(_names)
    if sample.label == "64KiB":
        return f"{kind} 100% of {sample.label}.{number}"
    if sample.label == "1" and master_kind == SWIFT:
        return f"folder/{kind}-{sample.label}.{number}"
    if sample.label == files.LARGE and master_kind == SWIFT:
        return f"folder/with spaces/{number}/{kind} ü.{sample.label}"
    return f"{kind}-{sample.label}.{number}_x"


def put(cluster, kind, sample, row, avoid_beats=False):
    """Puts one file. Under a Go master a Swift client notices by itself that a chunk was lost, and fails: such a put is
    repeated under a new name like any other loss. Returns what was stored."""
    for attempt in range(ATTEMPTS):
        name = new_name(kind, sample, cluster.master_kind)
        with_go_master = cluster.master_kind == GO
        before = cluster.await_beat_gap if with_go_master and (avoid_beats or attempt > 0) else None
        done = clients.put(
            kind, cluster.master_address, sample.path, name, alone=with_go_master, before=before)
        stored = Stored(name, sample, time.monotonic())
        if done.ok:
            row.puts += 1
            return stored
        if not with_go_master or not cluster.has_go_server():
            break
        state = replicas.examine(cluster, stored, cluster.info([name])[name])
        if state.kind != replicas.LOST:
            break
        row.go_faults += 1
        row.notes.append(f"go-fault: put of {name}: {state.reason}")
        if attempt + 1 == ATTEMPTS:
            raise LostByGo(f"lost {ATTEMPTS} times: {name}: {state.reason}")
    raise processes.ProcessError(f"put failed: {done}")


def append(cluster, sample, name, row):
    """Adds a sample's bytes to a file, as a Swift client does it."""
    done = clients.append(cluster.master_address, sample.path, name)
    if not done.ok:
        raise processes.ProcessError(f"append failed: {done}")
    row.puts += 1


def settle(cluster, kind, all_stored, row):
    """Waits until every file is whole on both replicas. What an all-Go cluster loses is put again at once, under a new
    name. Returns the files that are there in the end."""
    watch = replicas.Watch(cluster, all_stored)
    attempts = {stored.name: 1 for stored in all_stored}
    for stored, reason in watch.until_whole(GO_MASTER_SECONDS if cluster.master_kind == GO else SWIFT_MASTER_SECONDS):
        if not cluster.has_go_server():
            raise processes.ProcessError(f"lost without a Go server: {stored.name}: {reason}")
        row.go_faults += 1
        row.notes.append(f"go-fault: {stored.name}: {reason}")
        if attempts[stored.name] == ATTEMPTS:
            raise LostByGo(f"lost {ATTEMPTS} times: {stored.name}: {reason}")
        again = put(cluster, kind, stored.sample, row, avoid_beats=True)
        attempts[again.name] = attempts[stored.name] + 1
        watch.add(again)
    replicas.await_quiet(cluster)
    return watch.whole


def check_listing(cluster, all_stored):
    """A Swift master lists each file once, at the path that it was put under, whoever put it."""
    listed = cluster.listed()
    for stored in all_stored:
        found = listed.get(stored.name)
        if found != [stored.sample.size]:
            raise processes.ProcessError(
                f"ls -R lists {stored.name} with the lengths {found}, not once with {stored.sample.size}")


def get(cluster, kind, stored, row, patience=0.0):
    """Gets a file and compares every byte. It may be UNAVAILABLE for `patience` seconds after its put, never wrong."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=cluster.folder, prefix="get-"))
        try:
            asked = time.monotonic() - stored.acknowledged
            done = clients.get(kind, cluster.master_address, stored.name, folder)
            if done.ok:
                problem = files.difference(folder / stored.name, stored.sample)
                if problem:
                    raise processes.ProcessError(f"get of {stored.name} by {kind}: {problem}")
                row.gets += 1
                return
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if not done.is_unavailable or asked > patience:
            raise processes.ProcessError(f"get failed {asked:.1f} s after the put: {done}")
        row.waited = max(row.waited, time.monotonic() - stored.acknowledged)
        time.sleep(0.5)
