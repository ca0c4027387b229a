"""Which puts of Go and Python clients are judged, and which may end in a gap that docs/failure-model.md grants them."""

from .cluster import CLIENT_HOSTS, GO_SERVERS, LIVE_SECONDS, MASTER, SWIFT_SERVERS
from .faults import Fault, plan

# Where nothing of a cluster is broken but bits of disks of ours and wall clocks, no gap of the Go protocol can open.
HARMLESS_KINDS = ("rot", "clock")
# Of the puts of a plan that are judged, and of those of a run: there, puts are slower, and fewer end, while much is broken.
LEAST_PLANNED_SHARE, LEAST_SHARE = 0.15, 0.1
# How long a put is taken to last when a plan is asked for its share.
PUT_SECONDS = 2


def can_open(fault, client_host):
    """Whether the fault can make a put from that host end in a gap: it hits the master or the link to it (gap 3), or a Go server,
    which may hold the only copy. Whatever happens to servers of ours, and to other clients, what was acknowledged stays."""
    if fault.kind in HARMLESS_KINDS:
        return False
    ends = {MASTER, client_host, *GO_SERVERS}
    if fault.kind == "cut from one":
        return fault.host in ends and fault.detail in ends
    return fault.host in ends


def is_judged(spans, client_host, begin, end):
    """Whether a put from `begin` to `end` has to keep what it acknowledged. `spans` are the faults with begin and end of each."""
    return not any(can_open(fault, client_host) and was <= end and until + _silence(fault) >= begin
                   for fault, was, until in list(spans))


def _silence(fault):
    """For so many seconds after its fault a Go server may still be named to clients and not be there, or be there unheard of."""
    return LIVE_SECONDS if fault.host in GO_SERVERS else 0


def planned_share(faults, seconds):
    """The share of judged puts, were they made all the time and by the least favoured host."""
    spans = [(fault, fault.begin, fault.end) for fault in faults]
    moments = range(int(seconds) - PUT_SECONDS)
    return min(sum(is_judged(spans, host, moment, moment + PUT_SECONDS) for moment in moments) / len(moments)
               for host in CLIENT_HOSTS)


def self_test():
    """Faults that can open a gap are told from others, and enough puts of every plan are judged."""
    hosts = CLIENT_HOSTS
    cases = [(Fault("kill", MASTER, 0, 1), True), (Fault("cut in", hosts[0], 0, 1), True), (Fault("stop", GO_SERVERS[0], 0, 1), True),
             (Fault("cut from one", hosts[0], 0, 1, MASTER), True), (Fault("cut from one", MASTER, 0, 1, SWIFT_SERVERS[0]), False),
             (Fault("cut in", hosts[1], 0, 1), False), (Fault("kill", SWIFT_SERVERS[0], 0, 1), False),
             (Fault("rot", SWIFT_SERVERS[0], 0, 0), False), (Fault("clock", MASTER, 0, 1), False)]
    for fault, opens in cases:
        if is_judged([(fault, 10, 20)], hosts[0], 19, 21) == opens:
            raise AssertionError(f"a put during {fault} is {'' if opens else 'not '}judged")
    for fault, begin, wanted in ((cases[0][0], 20.1, True), (cases[2][0], 20.1, False), (cases[2][0], 36, True)):
        if is_judged([(fault, 10, 20)], hosts[0], begin, begin + 1) != wanted:
            raise AssertionError(f"a put after {fault} is {'not ' if wanted else ''}judged")
    if not is_judged([(cases[0][0], 10, 20)], hosts[0], 8, 9):
        raise AssertionError("a put before a fault is not judged")
    for minutes in (2, 3, 5):
        for seed in range(10):
            share = planned_share(plan(seed, minutes * 60), minutes * 60)
            if share < LEAST_PLANNED_SHARE:
                raise AssertionError(f"only {share:.0%} of the puts of {minutes} minutes with seed {seed} would be judged")
    if planned_share([Fault("kill", MASTER, 0, 600)], 600):
        raise AssertionError("all of a time without its master would be judged")
