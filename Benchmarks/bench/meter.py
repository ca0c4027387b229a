"""CPU time and peak memory of processes, from /proc."""

import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

from harness import processes

_TICKS = os.sysconf("SC_CLK_TCK")
_POLL_SECONDS = 0.02


def cpu_seconds(pid):
    """User and system time of all threads of a live process, finished ones included."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_mib(pid):
    """VmHWM: the most memory that the process ever had resident; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as lines:
            return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0)
    except (OSError, ProcessLookupError):
        return 0


@dataclass(frozen=True)
class Measured:
    """One command: wall clock, its own CPU time, and the largest VmHWM that was seen."""

    seconds: float
    cpu: float
    peak: float


class MeasureError(Exception):
    """A measured command failed."""


def measure(command, extra_environment=None):
    """Runs a command to its end. The peak is polled: that of getrusage would count what the parent had at the fork."""
    words = [str(word) for word in command]
    # A pipe that nobody reads would stop a command that has much to say.
    with tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                                 env=processes.environment(extra_environment))
        with _Peak(child.pid) as peak:
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            errors.seek(0)
            raise MeasureError(f"{' '.join(words)} ended with {child.returncode}: "
                               f"{errors.read()[-600:].decode(errors='replace')}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, peak.mib)


class _Peak:
    """Follows the peak of a process in a thread of its own, so that who waits for its end hears of it at once."""

    def __init__(self, pid):
        self.mib = 0
        self._pid, self._is_over = pid, threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def _follow(self):
        while True:
            self.mib = max(self.mib, peak_mib(self._pid))
            if self._is_over.wait(_POLL_SECONDS):
                return

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join()
