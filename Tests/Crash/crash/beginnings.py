"""How metadata begins: by a first start, or by a restored backup. Both are cut off before each of their changes."""

import itertools
import random
import re

from harness import processes

from .cluster import Master, Mismatch


def run(folder, library, seed):
    """Returns how many beginnings were cut off."""
    return cut_off_starts(folder, library, seed) + cut_off_restores(folder, library, seed)


def ways(folder, library, seed, what):
    """New masters without end, with the number of the record that is to be the last one, and how to cut the power then."""
    for number in itertools.count(1):
        for way, chance in (("all", None), ("some", random.Random(f"{seed} {number}"))):
            place = folder / f"{what}-{number}-{way}"
            place.mkdir()
            yield number, chance, Master(place, library)


def cut_off_starts(folder, library, seed):
    for count, (number, chance, master) in enumerate(ways(folder, library, seed, "first-start")):
        if master.start(kill_at=number):
            check_lock(master)
            master.kill()
            return count
        master.cut_power(chance)
        check_start(master)


def check_start(master):
    """It begins as if nothing had been there; once it listens, its cluster is there for good."""
    master.start()
    cluster_ids = clusters(master)
    master.cut_power()
    master.start()
    cluster_ids += clusters(master)
    if len(set(cluster_ids)) != 1:
        raise Mismatch(f"{master.folder}: not one cluster, in the file and in the log, before and after: {cluster_ids}")
    master.kill()


def cut_off_restores(folder, library, seed):
    place = folder / "backup"
    place.mkdir()
    source = Master(place, library)
    source.start()
    for arguments in (["mkdir", "a/b"], ["mkdir", "c"]):
        expect_done(source.client(arguments))
    backup = place / "backup.sqlite"
    expect_done(source.run_task("-backup", backup))
    cluster_ids = clusters(source)
    source.kill()
    for count, (number, chance, master) in enumerate(ways(folder, library, seed, "restore")):
        outcome = master.run_task("-restore", backup, kill_at=number)
        if outcome.ok:
            return count
        if outcome.code != -9:
            raise Mismatch(f"{master.folder}: {outcome}")
        master.cut_power(chance)
        check_restore(master, backup, cluster_ids)


def check_restore(master, backup, cluster_ids):
    """It can be asked for again, unless it is there; then all is there for good."""
    again = master.run_task("-restore", backup)
    if again.ok:
        master.cut_power()
    elif "exists" not in again.errors:
        raise Mismatch(f"{master.folder}: {again}")
    master.start()
    listed, ids = master.client(["ls", "-R"]), set(clusters(master) + cluster_ids)
    if sorted(listed.output.split()) != ["a/", "a/b/", "c/"] or len(ids) != 1:
        raise Mismatch(f"{master.folder}: restored clusters {ids}, {listed} {listed.output}")
    master.kill()


def expect_done(outcome):
    if not outcome.ok:
        raise Mismatch(str(outcome))


def clusters(master):
    """The cluster's id, as in its file and as the master that runs says that its database has it."""
    said = processes.await_condition(
        lambda: re.search(r'"master ready" cluster=(\w+)', master.said()), 10, f"the cluster's id in {master.log}")
    return [(master.meta / "cluster-id").read_text(), said.group(1)]


def check_lock(master):
    outcome = processes.run([*master.command()[:2], "127.0.0.1:0", *master.command()[3:]], 20)
    if outcome.code == 0 or "another master" not in outcome.errors + outcome.output:
        raise Mismatch(f"a second master was not refused: {outcome}")
