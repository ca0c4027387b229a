"""CPU time and peak memory of processes, from /proc."""

import os
import subprocess
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


def measure(command):
    """Runs a command to its end. Not by getrusage alone: that peak would count what the parent had at the fork."""
    words = [str(word) for word in command]
    start = time.monotonic()
    child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             text=True, env=processes.environment())
    peak = 0
    while True:
        peak = max(peak, peak_mib(child.pid))
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(_POLL_SECONDS)
    seconds = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    errors = child.stderr.read()
    child.stderr.close()
    if child.returncode != 0:
        raise MeasureError(f"{' '.join(words)} ended with {child.returncode}: {errors[-600:]}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, peak)
