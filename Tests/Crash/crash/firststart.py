"""The first start of a master, cut off before each of its changes."""

import itertools
import random
import re

from harness import processes

from .cluster import Master, Mismatch


def run(folder, library, seed):
    """Returns how many first starts were cut off."""
    for number in itertools.count(1):
        for way, chance in (("all", None), ("some", random.Random(f"{seed} {number}"))):
            place = folder / f"first-{number}-{way}"
            place.mkdir()
            master = Master(place, library)
            if master.start(kill_at=number):
                check_lock(master)
                master.kill()
                return (number - 1) * 2
            master.cut_power(chance)
            check(master)


def check(master):
    """It begins as if nothing had been there; once it listens, its cluster is there for good."""
    master.start()
    cluster_ids = clusters(master)
    master.cut_power()
    master.start()
    cluster_ids += clusters(master)
    if len(set(cluster_ids)) != 1:
        raise Mismatch(f"{master.folder}: not one cluster, in the file and in the log, before and after: {cluster_ids}")
    master.kill()


def clusters(master):
    """The cluster's id, as in its file and as the master says that it found it in its database."""
    return [(master.meta / "cluster-id").read_text(), re.findall(r"cluster=(\w+)", master.log.read_text())[-1]]


def check_lock(master):
    outcome = processes.run([*master.command()[:2], "127.0.0.1:0", *master.command()[3:]], 20)
    if outcome.code == 0 or "another master" not in outcome.errors + outcome.output:
        raise Mismatch(f"a second master was not refused: {outcome}")
