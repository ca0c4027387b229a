"""Starts, awaits and ends processes: only those that were started here, each with a log of its own."""

import atexit
import os
import signal
import socket
import subprocess
import threading
import time

from . import layout

_running = set()
_lock = threading.Lock()


class ProcessError(Exception):
    """A process ended early or did not do in time what was awaited."""


def environment(extra=None):
    """Ours without proxies, which gRPC would send even loopback calls to."""
    kept = {key: value for key, value in os.environ.items()
            if not key.lower().endswith("_proxy") and not key.startswith("DFS_")}
    return {**kept, "PYTHONPATH": str(layout.STUBS), "GRPC_VERBOSITY": "ERROR", **(extra or {})}


class Process:
    """One running process. `name` is for messages."""

    def __init__(self, name, command, log, extra_environment=None, cwd=None):
        self.name = name
        self.log = log
        with open(log, "ab") as output:
            self._child = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=environment(extra_environment), cwd=cwd, start_new_session=True)
        with _lock:
            _running.add(self)

    @property
    def pid(self):
        return self._child.pid

    def has_ended(self):
        return self._child.poll() is not None

    @property
    def exit_code(self):
        """Negative: the signal that ended it. None while it runs."""
        return self._child.poll()

    def await_port(self, port, seconds=15):
        """Returns once the process accepts connections on the port."""
        def accepts():
            if self.has_ended():
                raise ProcessError(f"{self.name} ended with {self._child.returncode}: {tail(self.log)}")
            try:
                socket.create_connection(("localhost", port), timeout=1).close()
                return True
            except OSError:
                return False
        await_condition(accepts, seconds, f"{self.name} listens on {port}", interval=0.05)

    def await_end(self, seconds):
        """Returns when it has ended, or the time is up."""
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    def kill(self):
        """SIGKILL, and waits until it is gone."""
        self._end(signal.SIGKILL)

    def stop(self, seconds=5):
        """SIGTERM, and SIGKILL if that is not heeded."""
        self._end(signal.SIGTERM)
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def signal(self, number):
        """Sends it, unless the process has ended."""
        if not self.has_ended():
            self._child.send_signal(number)

    def _end(self, number):
        self.signal(number)
        if number == signal.SIGKILL:
            self._child.wait()
        with _lock:
            _running.discard(self)


class Stop:
    """SIGSTOP for a process, and SIGCONT after `seconds`, or earlier by `end`."""

    def __init__(self, process, seconds):
        self._process, self._is_over = process, threading.Event()
        process.signal(signal.SIGSTOP)
        self._thread = threading.Thread(target=self._go_on, args=(seconds,), daemon=True)
        self._thread.start()

    def _go_on(self, seconds):
        self._is_over.wait(seconds)
        self._process.signal(signal.SIGCONT)

    def end(self, at_once):
        """Returns when the process has gone on, which it does now where `at_once`."""
        if at_once:
            self._is_over.set()
        self._thread.join()


class Helper:
    """A process that answers each line on its standard input with one on its standard output."""

    def __init__(self, command, log):
        self.command = [str(word) for word in command]
        with open(log, "ab") as errors:
            self._child = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, bufsize=1,
                env=environment(), start_new_session=True)
        with _lock:
            _running.add(self)

    def ask(self, line):
        """The helper bounds its own calls, so this waits without a limit of its own."""
        try:
            self._child.stdin.write(line + "\n")
            answer = self._child.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            raise ProcessError(f"{' '.join(self.command)} ended")
        return answer

    def kill(self):
        self._child.kill()
        self._child.wait()
        self._child.stdin.close()
        self._child.stdout.close()
        with _lock:
            _running.discard(self)


class Outcome:
    """How a command that runs to its end came out."""

    def __init__(self, command, code, output, errors, seconds, usage=None):
        self.command, self.code, self.output, self.errors = command, code, output, errors
        self.seconds, self.usage = seconds, usage

    @property
    def ok(self):
        return self.code == 0

    @property
    def is_unavailable(self):
        """Whether a client says that the cluster is not ready yet: exit code 5, or Go's text of the status."""
        return self.code == 5 or (self.code != 0 and "code = Unavailable" in self.errors)

    def __str__(self):
        return f"{' '.join(self.command)} -> {self.code} {self.errors.strip()[-600:]}"


def run(command, seconds, extra_environment=None, cwd=None):
    """Runs a command to its end and kills it when it takes longer than the limit."""
    words = [str(word) for word in command]
    start = time.monotonic()
    child = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
        env=environment(extra_environment), cwd=cwd, start_new_session=True)
    try:
        output, errors = child.communicate(timeout=seconds)
        return Outcome(words, child.returncode, output, errors, time.monotonic() - start)
    except subprocess.TimeoutExpired:
        child.kill()
        output, errors = child.communicate()
        return Outcome(words, -9, output, f"{errors}\ntook longer than {seconds} s", time.monotonic() - start)
    except BaseException:
        child.kill()
        raise


def await_condition(condition, seconds, what, interval=0.2):
    """Polls until the condition holds and returns its value; ProcessError says what was awaited."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise ProcessError(f"not within {seconds} s: {what}")
        time.sleep(interval)


def tail(path, size=600):
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - size))
            return file.read().decode(errors="replace").strip()
    except OSError as error:
        return str(error)


def kill_all():
    """Ends whatever this run still has running."""
    with _lock:
        left = list(_running)
    for process in left:
        process.kill()


atexit.register(kill_all)
