"""Which fault can hit whom at which step: all of them, but for those that make no sense, left out by rule."""

import random
from dataclasses import dataclass

from .cluster import CLIENT, MASTER
from .steps import FIRST, LAST, MIDDLE, ROLES, SERVER, STEPS, Step

KILL, STOP, FREEZE, SLOW, FULL, EIO = "kill", "stop", "freeze", "slow", "full", "eio"
# Which connections of the victim are cut.
CUTS = {"cut": "all", "cut-up": "up", "cut-down": "down", "cut-master": "master"}
FAULTS = (KILL, STOP, FREEZE, SLOW, *CUTS, FULL, EIO)
DISK_FAULTS = (FULL, EIO)
VICTIMS = (CLIENT, *ROLES, MASTER)


@dataclass(frozen=True)
class Combo:
    """`place` is who takes the step when it happens: a role, the master or the client."""

    fault: str
    victim: str
    step: Step
    place: str

    @property
    def name(self):
        where = self.step.name if self.place == self.victim or self.step.where != SERVER \
            else f"{self.step.name} of {self.place}"
        return f"{self.fault}/{self.victim}/{where.replace(' ', '-')}"


def places(step):
    if step.where != SERVER:
        return [step.where]
    return [FIRST, MIDDLE] if step.name == "forward" else ROLES


def makes_sense(fault, victim, step, place):
    if victim in ROLES and victim != place and not step.has_roles:
        return False  # who is first is known when the chain has been told or walked
    if victim == CLIENT and step.name == "ended":
        return False  # it has gone
    if fault in DISK_FAULTS:
        return step.is_disk and victim == place  # its own disk, at a call that can fail
    if fault == FREEZE:
        # For the whole put, which the patience of the others ends. That takes long.
        return victim == place and (victim, step.name) in FROZEN
    if fault == SLOW:
        # Until the put has ended, which takes long, too.
        return victim == place and (victim, step.name) in SLOWED
    if fault in CUTS and CUTS[fault] != "all":
        # One link of a server, at its own step; the last one of a chain forwards nothing.
        return victim in ROLES and victim == place and (CUTS[fault], victim) != ("down", LAST)
    return True


FROZEN = [*((role, step) for role in ROLES for step in ("middle", "sync")), (MASTER, "allocate"), (MASTER, "complete")]

SLOWED = [*((role, step) for role in ROLES for step in ("first bytes", "middle")), (CLIENT, "send"),
          (MASTER, "allocate"), (MASTER, "complete")]


def kills_client(combo):
    return (combo.fault, combo.victim) == (KILL, CLIENT)


def may_fail(combo):
    """Whether the put may fail in order: a master that says nothing until the put has ended is not waited for without end."""
    return (combo.fault, combo.victim) == (FREEZE, MASTER)


def all_combos():
    return [Combo(fault, victim, step, place)
            for step in STEPS for place in places(step) for victim in VICTIMS for fault in FAULTS
            if makes_sense(fault, victim, step, place)]


def sample(combos, count, seed):
    """`count` of them in random order, and of each fault at least one."""
    chance = random.Random(seed)
    mixed = chance.sample(combos, len(combos))
    first = [next(combo for combo in mixed if combo.fault == fault)
             for fault in FAULTS if any(combo.fault == fault for combo in mixed)]
    return (first + [combo for combo in mixed if combo not in first])[:max(count, len(first))]
