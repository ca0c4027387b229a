"""The clients: threads that run one command after the other, and note what came of it."""

import random
import shutil
import signal
import threading
import time

from harness import processes
from harness.clients import GO, SWIFT

from .cluster import CHUNK, CLIENT_HOSTS
from .contents import Absent, Content, Part, Whole
from .history import ABSENT, FAILED, LOST, OK, UNKNOWN, WRONG, Move

# A client of ours that has not ended by then hangs; a Go client has no deadlines, and is killed earlier.
CALL_SECONDS, GO_CALL_SECONDS = 180, 60
NEVER_WORKS, NO_SUCH_FILE, NAME_IS_TAKEN, UNAVAILABLE = 2, 3, 4, 5
KILLED = -9
READS = ("swift get", "go get", "python get", "cat", "cat -offset", "cat -records", "get -resume", "ls")
# How many files a writer has.
FILES = 12
PAUSE_SECONDS = 0.1
LOG_SECONDS = 40


class Client(threading.Thread):
    """One after the other, on one host, with a scratch folder. Subclasses have `step`."""

    kind = SWIFT

    def __init__(self, name, run, number):
        super().__init__(daemon=True)
        self.name, self.cluster, self.history, self.records = name, run.cluster, run.history, run.records
        self.thrasher, self.is_over = run.thrasher, run.is_over
        self.chance = random.Random(f"{run.seed} {name}")
        self.host = CLIENT_HOSTS[number % len(CLIENT_HOSTS)]
        self.folder = run.folder / name
        self.folder.mkdir()
        self.count = 0
        self.error = None

    def run(self):
        try:
            while not self.is_over.is_set():
                self.step()
                self.is_over.wait(self.chance.uniform(0, 2 * PAUSE_SECONDS))
        except Exception as error:  # noqa: BLE001: told at the end
            self.error = error

    def call(self, operation, *arguments, kind=None, out=None):
        """Runs a client to its end. `out` is where its standard output goes, if it is wanted. Returns when it began, too."""
        kind = kind or self.kind
        seconds = CALL_SECONDS if kind == SWIFT else GO_CALL_SECONDS
        command = self.cluster.command(self.host, kind, *arguments)
        if out:
            command = ["sh", "-c", 'exec "$@" >"$0"', str(out), *command]
        begin = time.monotonic()
        done = processes.run(command, seconds)
        self.history.note(operation, _outcome(operation, done), begin, who=self.name, words=[str(word) for word in arguments],
                          code=done.code, said=done.errors[-300:])
        if kind == SWIFT and done.code == KILLED:
            self.history.find(WRONG, f"{self.name}: a client did not end: {done}")
        elif kind == SWIFT and done.code < 0:
            self.history.find(WRONG, f"{self.name}: a client crashed: {done}")
        elif kind == SWIFT and done.code == NEVER_WORKS:
            self.history.find(WRONG, f"{self.name}: a client says that a good command can never work: {done}")
        return done, begin

    def new_content(self, largest=5 * CHUNK):
        self.count += 1
        size = self.chance.choice((self.chance.randrange(40, 5000), self.chance.randrange(5000, largest), CHUNK, 2 * CHUNK, 0))
        return Content(((f"{self.name}-{self.count}", min(size, largest)),))

    def write(self, content):
        path = self.folder / "in"
        path.write_bytes(content.data())
        return path

    # Reads, of any file.

    def read(self, name):
        self.chance.choice((self.get, self.get, self.cat, self.cat_part, self.get_resumed))(name)

    def get(self, name, kind=None):
        target = self.folder / "out"
        shutil.rmtree(target, ignore_errors=True)
        (target / name).parent.mkdir(parents=True)
        done, begin = self.call(f"{kind or self.kind} get", "get", name, target, kind=kind)
        if done.ok and not _has_skipped(done):
            self._see(name, Whole.of((target / name).read_bytes()), begin, f"{kind or self.kind} get by {self.name}")
        elif kind != GO:
            self._see_absence(name, done, begin, "get")
        return done

    def cat(self, name):
        done, begin = self.call("cat", "cat", name, out=self.folder / "out.cat")
        if done.ok:
            self._see(name, Whole.of((self.folder / "out.cat").read_bytes()), begin, f"cat by {self.name}")
        self._see_absence(name, done, begin, "cat")

    def cat_part(self, name):
        offset, length = self.chance.randrange(0, 2 * CHUNK), self.chance.randrange(1, CHUNK)
        done, begin = self.call("cat -offset", "cat", "-offset", offset, "-length", length, name, out=self.folder / "out.cat")
        if done.ok:
            part = Part(offset, length, Whole.of((self.folder / "out.cat").read_bytes()))
            self._see(name, part, begin, f"cat -offset by {self.name}")
        self._see_absence(name, done, begin, "cat -offset")

    def get_resumed(self, name):
        """A get that is killed, and goes on."""
        target = self.folder / "resumed"
        shutil.rmtree(target, ignore_errors=True)
        first = processes.Process("get", self.cluster.command(self.host, SWIFT, "get", "-resume", name, target),
                                  self.folder / "get.log")
        first.await_end(self.chance.uniform(0.02, 0.5))
        first.signal(signal.SIGKILL)
        first.kill()
        done, begin = self.call("get -resume", "get", "-resume", name, target)
        if done.ok:
            self._see(name, Whole.of((target / name).read_bytes()), begin, f"get -resume by {self.name}")
        self._see_absence(name, done, begin, "get -resume")

    def _see(self, name, seen, begin, what):
        self.history.see(name, seen, begin, what)

    def _see_absence(self, name, done, begin, what):
        if done.code == NO_SUCH_FILE:
            self._see(name, Absent(), begin, f"{what} by {self.name}")


def _outcome(operation, done):
    if done.ok:
        return FAILED if operation == f"{GO} get" and _has_skipped(done) else OK
    if operation in READS:
        return ABSENT if done.code == NO_SUCH_FILE else FAILED
    return UNKNOWN if done.code in (UNAVAILABLE, KILLED) else FAILED


def _has_skipped(done):
    """What a Go get has skipped, it says only in its log."""
    return "download of" in done.errors


class Writer(Client):
    """Changes files of its own, and reads those of all."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.files = {}

    def step(self):
        """`files` are the names that are settled, with their contents."""
        there = [name for name, content in self.files.items() if content]
        actions = [self.put_new] * (4 if len(there) < FILES else 0)
        if there:
            actions += [self.replace] * 3 + [self.remove] * 2 + [self.move, self.move, self.append, self.append]
        actions += [lambda _: self.read(self.chance.choice(self.history.known_names() or ["nothing"]))] * 6
        self.chance.choice(actions)(self.chance.choice(there) if there else None)

    def fresh_name(self):
        """One that was never used, or one whose file was removed."""
        free = [name for name, content in self.files.items() if content is None]
        if free and self.chance.random() < 0.5:
            return self.chance.choice(free)
        self.count += 1
        return f"{self.name}/{self.chance.choice('abc')}/{self.count}"

    def put_new(self, _):
        self.put(self.fresh_name(), [])

    def replace(self, name):
        self.put(name, ["-f"])

    def put(self, name, flags):
        content = self.new_content()
        flags = flags + self.chance.choice(([], [], ["-fan-out"]))
        done, begin = self.call("put -f" if "-f" in flags else "put", "put", *flags, self.write(content), name)
        self._settle(done, begin, {name: content}, is_free="-f" not in flags)

    def remove(self, name):
        done, begin = self.call("rm", "rm", name)
        self._settle(done, begin, {name: None})

    def move(self, name):
        others = [other for other, content in self.files.items() if content and other != name]
        replaces = bool(others) and self.chance.random() < 0.4
        target = self.chance.choice(others) if replaces else self.fresh_name()
        folder = target.rpartition("/")[0]
        if not self.call("mkdir", "mkdir", folder)[0].ok:
            return
        done, begin = self.call("mv", "mv", *(["-f"] if replaces else []), name, target)
        if done.code in (UNAVAILABLE, KILLED):
            self.history.move_maybe(Move(name, target, self.files[name], self.files.get(target)))
        self._settle(done, begin, {name: None, target: self.files[name]}, is_free=not replaces)

    def append(self, name):
        """Plain bytes; while it is under way, and after it has failed, a beginning of them may be there."""
        self.count += 1
        identity, size = f"{self.name}-{self.count}", self.chance.choice((1, 100, 70_000, CHUNK + 1))
        old = self.files[name]
        done, begin = self.call("append", "append", self.write(Content(((identity, size),))), name)
        self.history.change(name, old.plus(identity, size, is_sure=False), begin, is_sure=False)
        if done.ok:
            self._settle(done, begin, {name: old.plus(identity, size)})
        else:
            self._expect_known(done, name)
            self.files.pop(name)

    def _settle(self, done, begin, changes, is_free=False):
        """`changes` are the contents of names if it was done. `is_free` where a name that is taken may be the reason."""
        if done.ok:
            for name, content in changes.items():
                self.history.change(name, content, begin)
                self.files[name] = content
        elif done.code in (UNAVAILABLE, KILLED):
            for name, content in changes.items():
                self._retire(name, content, begin)
        else:
            self._expect_known(done, *changes)
            if done.code == NAME_IS_TAKEN and "exists already" in done.errors and is_free:
                self.history.find(WRONG, f"{self.name}: a name that was free is taken: {done}")

    def _expect_known(self, done, *names):
        if done.code == NO_SUCH_FILE and any(self.files.get(name) for name in names):
            self.history.find(LOST, f"{self.name}: a file that was there is not: {done}")

    def _retire(self, name, content, begin):
        self.history.change(name, content, begin, is_sure=False)
        self.files.pop(name, None)
