"""One put under one fault: what the client said, what is there afterwards, and what must not be."""

import errno
import re
import shutil
import signal
import time
from dataclasses import dataclass, field

from harness import processes

from . import combos, samples
from .cluster import CLIENT, MASTER, STOP_SECONDS
from .steps import ROLES, Watch

# A put loses patience with a server after 20 to 30 s, for the chunks under way and once more for the one allocated ahead.
PUT_SECONDS = 100
SETTLE_SECONDS = 40
# Below the floor of a put, 1 MiB a second.
SLOW_BYTES_A_SECOND = 512 << 10
SLOW_SYNC_SECONDS = 1
SUCCEEDED, FAILED, KILLED = "put succeeded", "put failed", "client killed"
WHOLE, OLD, ABSENT = "whole", "as before", "absent"
NO_SUCH_FILE = 3


class Problem(Exception):
    """`kind` is wrong, lost or unhealed."""

    def __init__(self, kind, what):
        super().__init__(f"{kind.upper()}: {what}")
        self.kind = kind


@dataclass
class Result:
    combo: combos.Combo
    name: str
    said: str = ""
    found: str = ""
    seconds: float = 0.0
    problems: list = field(default_factory=list)

    def line(self):
        words = f"{self.combo.name}: {self.said}, file {self.found or 'unknown'}, {self.seconds:.1f} s"
        return "\n".join([words] + [f"  {problem}" for problem in self.problems])


def problem_of(combo, said):
    """What is wrong with how the put ended, in words, or None: whatever hits a server costs its links and not the upload, and what
    hits the master or the connections of the client is waited for and asked again."""
    if said == SUCCEEDED or combos.may_fail(combo) and said == FAILED or combos.kills_client(combo) and said == KILLED:
        return None
    return f"nothing of {combo.fault} at the {combo.victim} lets a put end as: {said}"


class FaultyPut:
    """Runs a combo on a cluster that is well, and leaves it well, with a whole file under `name`."""

    def __init__(self, cluster, combo, number):
        self.cluster, self.combo = cluster, combo
        self.name = f"f{number:04d}"
        self.sample = samples.make(cluster.folder / self.name, number, combo.step.is_one_chunk, cluster.chunk)
        # Half of the puts replace a file.
        self.old = samples.make(cluster.folder / f"{self.name}-old", -number, True, cluster.chunk) if number % 2 else None
        self.watch = Watch(cluster, self.name, samples.tag(number), combo.step.is_one_chunk)
        self.result = Result(combo, self.name)
        self.victim = None          # the name of a node
        self.is_full = False        # the victim's disk, until the put has ended
        self.stop = None
        self.failed_uploads = set()  # files of which a write or a sync failed

    def run(self):
        start = time.monotonic()
        try:
            self._put_old()
            self._put()
            self._heal()
            self._check()
        except Problem as problem:
            self.result.problems.append(problem)
        except processes.ProcessError as error:
            self.result.problems.append(Problem("wrong", error))
        self.result.seconds = time.monotonic() - start
        return self.result

    # The put.

    def _put_old(self):
        if self.old:
            done = self._while_unavailable("put", self.old.path, self.name)
            if not done.ok:
                raise Problem("wrong", f"a put without a fault failed: {done}")
            self.watch = Watch(self.cluster, self.name, self.watch.tag, self.watch.is_one_chunk)

    def _put(self):
        breakpoints = self.cluster.breakpoints
        self.client = None
        breakpoints.handler = self._handle
        try:
            self.log = self.cluster.logs / f"put-{self.name}.log"
            self.client = self.cluster.start_client(
                self.log, "put", *(["-f"] if self.old else []), "-receipt", self.cluster.receipts, self.sample.path,
                self.name)
            self._await_client()
            self._judge()
            if self.victim is None and self.combo.step.name == "ended":
                self._inject()
        finally:
            breakpoints.handler = lambda event: 0
            breakpoints.told_of_sends.clear()
            breakpoints.slowed.clear()
            self.client and self.client.kill()
        if breakpoints.errors:
            raise Problem("wrong", breakpoints.errors.pop())
        if self.combo.fault == combos.SLOW and self.victim is not None:
            self._check_slow()
        if self.victim is None:
            raise Problem("wrong", f"the step was never reached; {self.result.said}; {self.watch.seen()}: {processes.tail(self.log)}")

    def _await_client(self):
        """Meanwhile a master that ended is started again, as its operator would."""
        deadline = time.monotonic() + PUT_SECONDS
        while not self.client.has_ended():
            if self.victim == MASTER and self.cluster.master.has_ended():
                self.is_full = False
                self.cluster.master.start()
            if time.monotonic() > deadline:
                raise Problem("wrong", f"the put did not end within {PUT_SECONDS} s: {processes.tail(self.log)}")
            time.sleep(0.01)

    def _judge(self):
        code = self.client.exit_code
        if code == -signal.SIGKILL and self.victim == CLIENT:
            self.result.said = KILLED
        elif code == 0:
            self.result.said = SUCCEEDED
        elif code > 0:
            self.result.said = FAILED
        else:
            raise Problem("wrong", f"the client ended by signal {-code}: {processes.tail(self.log)}")
        if problem := problem_of(self.combo, self.result.said):
            raise Problem("wrong", f"{problem}: {processes.tail(self.log)}")

    # The fault.

    def _handle(self, event):
        upload = (event.node, event.what)
        if event.step == "create":
            self.failed_uploads.discard(upload)
        if event.step == "rename" and (event.node, event.tag) in self.failed_uploads:
            self.result.problems.append(Problem("wrong", f"{event.what} was published after a failed write or sync"))
        failure = self._failure(event)
        if failure and event.step in ("write", "sync") and "/tmp/" in event.what:
            self.failed_uploads.add(upload)
        return failure

    def _failure(self, event):
        """The error of this call: that of the fault, at its step or, of a full disk, after it."""
        if self.is_full and event.node == self.victim and event.step in ("create", "allocate", "write", "attribute", "space"):
            return errno.ENOSPC
        if self.victim is not None:
            return 0
        step = self.watch.step(event)
        if step != self.combo.step.name or not self._is_place(event.node, step):
            return 0
        self._inject(event.node)
        return {combos.FULL: errno.ENOSPC, combos.EIO: errno.EIO}.get(self.combo.fault, 0)

    def _is_place(self, node, step):
        return node == self.combo.place or self.watch.role(node, step) == self.combo.place

    def _inject(self, node=None):
        """`node` is the one that takes the step."""
        role = self.combo.victim
        if role in (MASTER, CLIENT):
            self.victim = role
        else:
            self.victim = node if role == self.combo.place else self.watch.chain()[ROLES.index(role)]
        process = self.client if self.victim == CLIENT else self.cluster.nodes[self.victim].process
        if self.combo.fault == combos.KILL:
            process.kill()
        elif self.combo.fault == combos.STOP:
            self.stop = processes.Stop(process, STOP_SECONDS)
        elif self.combo.fault == combos.FREEZE:
            self.stop = processes.Stop(process, PUT_SECONDS)
        elif self.combo.fault == combos.SLOW:
            self._slow_down()
        elif self.combo.fault in combos.CUTS:
            self.cluster.breakpoints.cut(self.victim, combos.CUTS[self.combo.fault])
        elif self.combo.fault == combos.FULL:
            self.is_full = True

    def _slow_down(self):
        """Of the client what it sends to servers, of a server what it writes, of the master its syncs."""
        step = {MASTER: "sync", CLIENT: "send"}.get(self.victim, "write")

        def seconds(event):
            if event.step != step or step == "send" and event.what != "down":
                return 0
            # A socket takes less at a time than is tried.
            rate = SLOW_BYTES_A_SECOND * 2 if step == "send" else SLOW_BYTES_A_SECOND
            return SLOW_SYNC_SECONDS if step == "sync" else event.length / rate
        if step == "send":
            self.cluster.breakpoints.told_of_sends.add(self.victim)
        self.cluster.breakpoints.slowed[self.victim] = seconds

    def _check_slow(self):
        """A server that is slow from the beginning is called so, and no other one."""
        said = self.log.read_text(errors="replace")
        called = [node.address for node in self.cluster.servers if re.search(rf"{node.address}:? (was )?slow", said)]
        expected = [self.cluster.nodes[self.victim].address] if self.victim in self.cluster.nodes \
            and self.victim != MASTER and self.combo.step.name == "first bytes" else []
        if self.victim != CLIENT and (expected and called != expected or set(called) - {
                self.cluster.nodes[self.victim].address}):
            raise Problem("wrong", f"{called} and not {expected} were called slow: {self.log}")

    # Afterwards.

    def _heal(self):
        """A file that was acknowledged can be read before a server that was killed is back."""
        if self.stop:
            self.stop.end(at_once=self.combo.fault == combos.FREEZE)
            if self.victim in self.cluster.nodes:
                self.cluster.nodes[self.victim].running_since = time.time()
        if self.result.said == SUCCEEDED and self.victim != MASTER:
            self._read()
        for node in self.cluster.nodes.values():
            if node.has_ended():
                if node.name != self.victim or self.combo.fault not in (combos.KILL, *combos.DISK_FAULTS):
                    self.result.problems.append(Problem("wrong", f"{node.name} ended by itself: {node.log}"))
                node.start()
        self.cluster.await_servers()

    def _check(self):
        self.result.found = self._read()
        if self.result.found == WHOLE:
            return
        if self.result.said == SUCCEEDED:
            raise Problem("lost", f"{self.name} was acknowledged and is {self.result.found}")
        if self.old and self.result.found == ABSENT:
            raise Problem("lost", f"{self.name} was there before, and is not replaced but gone")
        self._put_again()
        self.expect_whole()

    def expect_whole(self):
        """After anything that has happened since."""
        if self._read() != WHOLE:
            raise Problem("lost", f"{self.name} was acknowledged and is not there")

    def _read(self):
        """WHOLE, OLD or ABSENT. Only that the cluster is not ready yet is waited for."""
        folder = self.cluster.folder / "got"
        done = self._while_unavailable("get", self.name, folder)
        try:
            if done.ok:
                found = samples.digest(folder / self.name)
                if found == self.sample.digest:
                    return WHOLE
                if self.old and found == self.old.digest:
                    return OLD
                raise Problem("wrong", f"{self.name} came back with other bytes")
            if done.code != NO_SUCH_FILE:
                raise Problem("lost" if self.result.said == SUCCEEDED else "wrong", done)
            return ABSENT
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _put_again(self):
        """The name of a put that failed can be used again."""
        done = self._while_unavailable("put", *(["-f"] if self.old else []), self.sample.path, self.name)
        if not done.ok:
            raise Problem("wrong", f"the name cannot be used: {done}")

    def _while_unavailable(self, *command):
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            done = self.cluster.client(*command)
            if not done.is_unavailable or time.monotonic() > deadline:
                return done
            time.sleep(0.1)
