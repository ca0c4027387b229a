"""How long a process waited for a core: what other processes of the machine took from it, and no doing of its own."""

import os
import threading
from contextlib import contextmanager

INTERVAL = 0.001


def _delays(pid):
    """Nanoseconds that each thread has spent ready to run, by thread (Linux: sched-stats, "/proc/<pid>/schedstat")."""
    delays = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/schedstat") as line:
                delays[thread] = int(line.read().split()[1])
        except OSError:
            pass  # it has ended
    return delays


@contextmanager
def longest_wait_for_a_core(pid):
    """Looks at the threads of `pid` every millisecond or so; gives a function that tells, in milliseconds, the longest time
    that one of them waited for a core between two looks."""
    longest = 0
    done = threading.Event()

    def watch():
        nonlocal longest
        before = _delays(pid)
        while not done.wait(INTERVAL):
            now = _delays(pid)
            longest = max([longest, *(now[thread] - before.get(thread, now[thread]) for thread in now)])
            before = now

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: longest / 1e6
    finally:
        done.set()
        watcher.join()
