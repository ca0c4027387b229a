"""The faults, and the plan of a run: which one hits whom, when and for how long, all drawn from a seed.

At most two hosts are broken at a time, so that work goes on, and every two minutes none is for a while: what is acknowledged then has
to be kept by Go clients, too. Everything but a flipped bit heals, since disks stay; and of each
chunk only one copy is ever damaged, one beside which another is whole. So nothing that was acknowledged may be lost."""

import random
import signal
import threading
import time
from dataclasses import dataclass

from .cluster import CLIENT_HOSTS, GO_SERVERS, HOSTS, LIVE_SECONDS, MASTER, SERVERS, SWIFT_SERVERS, wait_until
from .history import WRONG
from .rot import Rot

AT_ONCE = 2
# Of each period the last seconds are without a fault.
PERIOD_SECONDS, QUIET_SECONDS = 120, 40
FIRST_SECONDS, LAST_SECONDS = 4, 8
LONGEST_SECONDS = LIVE_SECONDS + 10
HOUR, DAY = 3600, 86400
CUTS = ("cut both", "cut in", "cut out", "cut from master", "cut from one")
# How often each is drawn, and whom it may hit.
KINDS = {
    "kill": (5, (MASTER, MASTER, *SERVERS)),
    "restart": (2, (MASTER, *SERVERS)),
    "stop": (4, (MASTER, *SERVERS)),
    **{kind: (1, (MASTER, *SERVERS, *CLIENT_HOSTS)) for kind in CUTS},
    "unplug": (1, (MASTER, *SERVERS, *CLIENT_HOSTS)),
    "flaky": (1, (MASTER, *SERVERS, *CLIENT_HOSTS)),
    "slow": (2, (MASTER, *SERVERS, *CLIENT_HOSTS)),
    "full": (2, (MASTER, *SWIFT_SERVERS, *SWIFT_SERVERS)),
    "rot": (3, SWIFT_SERVERS),
    "clock": (2, (MASTER, MASTER, *SWIFT_SERVERS)),
}
# Rate, and how long packets may wait for their turn: with little of it many are lost.
SLOW = (("2mbit", "500ms"), ("8mbit", "100ms"), ("8mbit", "5ms"), ("40mbit", "20ms"))
# A flaky link works and fails by turns of up to so many seconds.
FLAKY_SECONDS = 0.6


@dataclass(frozen=True)
class Fault:
    """`begin` is in seconds after the start; `detail` is what the kind needs."""

    kind: str
    host: str
    begin: float
    seconds: float
    detail: object = None

    @property
    def end(self):
        return self.begin + self.seconds

    def __str__(self):
        detail = f" ({self.detail})" if self.detail is not None else ""
        return f"{self.begin:.1f} s: {self.kind} {self.host} for {self.seconds:.1f} s{detail}"


def plan(seed, seconds):
    """The faults of a run, in the order of their beginnings."""
    chance, found, now = random.Random(f"faults {seed}"), [], float(FIRST_SECONDS)
    while now < seconds - LAST_SECONDS:
        fault = _draw(chance, now, seconds - now)
        active = [other for other in found if other.end > now]
        if len(active) < AT_ONCE and all(fault.host != other.host for other in active) and not is_quiet(now):
            found.append(fault)
        now += chance.uniform(1, 5)
    return found


def is_quiet(now):
    """Whether there is to be no fault at that second of a plan."""
    return now % PERIOD_SECONDS >= PERIOD_SECONDS - QUIET_SECONDS


def _until_quiet(now):
    return max(0, PERIOD_SECONDS - QUIET_SECONDS - now % PERIOD_SECONDS)


def _draw(chance, now, left):
    kind = chance.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
    host = chance.choice(KINDS[kind][1])
    # Some are longer than it takes until a server counts as dead.
    seconds = min(chance.choice((chance.uniform(0.3, 3), chance.uniform(2, 10), chance.uniform(8, LONGEST_SECONDS))), left,
                  _until_quiet(now))
    detail = None
    if kind == "slow":
        detail = chance.choice(SLOW)
    elif kind == "clock":
        detail = chance.choice((1, -1)) * chance.choice((HOUR, 2 * DAY, 40 * DAY))
    elif kind == "cut from one":
        detail = chance.choice([other for other in HOSTS if other != host])
    elif kind == "rot":
        seconds, detail = 0.0, chance.randint(1, 3)
    return Fault(kind, host, now, seconds, detail)


class Thrasher(threading.Thread):
    """Puts in the faults of a plan and takes each out again, early where `stop` is set. `begun` has each that was, with the moments
    of its begin and its end."""

    def __init__(self, cluster, history, faults, seed):
        super().__init__(daemon=True)
        self.cluster, self.history, self.faults = cluster, history, faults
        self.stop = threading.Event()
        self.begun = []
        self.rot = Rot(cluster, random.Random(f"rot {seed}"))
        self._hosts = {host: threading.Lock() for host in HOSTS}

    def run(self):
        running = []
        for fault in self.faults:
            wait_until(self.history.start + fault.begin, self.stop)
            if self.stop.is_set():
                break
            thread = threading.Thread(target=self._play, args=(fault,), daemon=True)
            thread.start()
            running.append(thread)
        for thread in running:
            thread.join()

    def _play(self, fault):
        # One that took longer than planned is waited for.
        with self._hosts[fault.host]:
            began = time.monotonic()
            self.begun.append([fault, began, float("inf")])
            mine = self.begun[-1]
            try:
                heal = getattr(self, "_begin_" + fault.kind.split()[0])(fault)
                self.history.note("fault", "begun", began, fault=str(fault))
                wait_until(began + fault.seconds, self.stop)
                if heal:
                    heal()
            except Exception as error:  # noqa: BLE001: told at the end; the other faults go on
                self.history.find(WRONG, f"{fault}: {error}")
            mine[2] = time.monotonic()
            self.history.note("fault", "healed", began, fault=str(fault))

    # Each begins a fault and returns what ends it.

    def _begin_kill(self, fault):
        node = self.cluster.nodes[fault.host]
        node.kill()
        return node.start

    def _begin_restart(self, fault):
        node = self.cluster.nodes[fault.host]
        if not node.end():
            self.history.find(WRONG, f"{node.name} did not stop in order: {node.process.exit_code}")
        return node.start

    def _begin_stop(self, fault):
        process = self.cluster.nodes[fault.host].process
        process.signal(signal.SIGSTOP)
        return lambda: process.signal(signal.SIGCONT)

    def _begin_cut(self, fault):
        others = [host for host in HOSTS if host != fault.host]
        if fault.kind == "cut from one":
            others = [fault.detail]
        elif fault.kind == "cut from master":
            others = [MASTER] if fault.host != MASTER else list(SERVERS)
        pairs = [(fault.host, other) for other in others] if fault.kind != "cut in" else []
        pairs += [(other, fault.host) for other in others] if fault.kind != "cut out" else []
        for pair in pairs:
            self.cluster.network.cut(*pair)
        return lambda: [self.cluster.network.mend(*pair) for pair in pairs]

    def _begin_flaky(self, fault):
        is_over = threading.Event()
        thread = threading.Thread(target=self._flap, args=(fault, is_over), daemon=True)
        thread.start()
        return lambda: (is_over.set(), thread.join())

    def _flap(self, fault, is_over):
        chance = random.Random(fault.begin)
        pairs = [pair for other in HOSTS if other != fault.host for pair in ((fault.host, other), (other, fault.host))]
        try:
            while not is_over.wait(chance.uniform(0.1, FLAKY_SECONDS)):
                for pair in pairs:
                    self.cluster.network.cut(*pair)
                is_over.wait(chance.uniform(0.05, FLAKY_SECONDS))
                for pair in pairs:
                    self.cluster.network.mend(*pair)
        except Exception as error:  # noqa: BLE001: told at the end
            self.history.find(WRONG, f"{fault}: {error!r}")

    def _begin_unplug(self, fault):
        self.cluster.network.unplug(fault.host)
        return lambda: self.cluster.network.plug(fault.host)

    def _begin_slow(self, fault):
        self.cluster.network.make_slow(fault.host, *fault.detail)
        return lambda: self.cluster.network.make_fast(fault.host)

    def _begin_full(self, fault):
        """A master whose disk is full ends, and is started again as its operator would."""
        node = self.cluster.nodes[fault.host]
        node.may_end = fault.host == MASTER
        self.cluster.fill_disk(fault.host)

        def heal():
            self.cluster.empty_disk(fault.host)
            if node.process.has_ended():
                node.start()
            node.may_end = False
        return heal

    def _begin_rot(self, fault):
        self.rot.flip(fault.host, fault.detail)

    def _begin_clock(self, fault):
        self.cluster.set_clock(fault.host, fault.detail)
        return lambda: self.cluster.set_clock(fault.host, 0)


class Warden(threading.Thread):
    """Looks for nodes that have ended by themselves, and starts them again."""

    def __init__(self, cluster, history):
        super().__init__(daemon=True)
        self.cluster, self.history = cluster, history
        self.stop = threading.Event()

    def run(self):
        while not self.stop.wait(0.3):
            for node in self.cluster.nodes.values():
                if node.is_wanted and not node.may_end and node.process.has_ended():
                    code = node.process.exit_code
                    if node.name not in GO_SERVERS:
                        self.history.find(WRONG, f"{node.name} ended by itself with {code}: {node.log}")
                    self._start_again(node)

    def _start_again(self, node):
        """One that does not start is a finding, and tried again at the next look; the others are watched on."""
        try:
            node.start()
        except Exception as error:  # noqa: BLE001: told at the end
            self.history.find(WRONG, f"{node.name} does not start again: {error!r}")
