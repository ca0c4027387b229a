"""What can be done to the links of hosts: packets vanish without a word, links are slow, lossy or unplugged."""

import threading
from collections import Counter

from harness.hosts import HostError, run_tool

# Nobody has this address, so the switch carries frames for it to nowhere.
NOWHERE = "02:00:00:00:dd:dd"


class Network:
    """`hosts` by name, linked by the namespace `switch`. Threads share it; what was cut twice is to be mended twice."""

    def __init__(self, hosts, switch):
        self.hosts, self._switch = hosts, switch
        self._cuts, self._lock = Counter(), threading.Lock()

    def cut(self, sender, receiver):
        """What one host sends to another is lost from now on; the other direction stays."""
        with self._lock:
            self._cuts[sender, receiver] += 1
            self._forget_address(sender, receiver)

    def mend(self, sender, receiver):
        with self._lock:
            self._cuts[sender, receiver] -= 1
            if not self._cuts[sender, receiver]:
                try:
                    self._ip(sender, "neigh", "del", self.hosts[receiver].address, "dev", "eth")
                except HostError:
                    pass  # an unplugged link has forgotten it

    def _forget_address(self, sender, receiver):
        self._ip(sender, "neigh", "replace", self.hosts[receiver].address, "lladdr", NOWHERE, "dev", "eth", "nud", "permanent")

    def make_slow(self, host, rate, latency):
        """Both directions of its link have that rate; what would wait there for longer than `latency` is dropped."""
        for namespace, device in self._ends(host):
            run_tool("tc", "-n", namespace, "qdisc", "replace", "dev", device, "root", "tbf", "rate", rate, "burst", "32kb",
                     "latency", latency)

    def make_fast(self, host):
        for namespace, device in self._ends(host):
            run_tool("tc", "-n", namespace, "qdisc", "del", "dev", device, "root")

    def _ends(self, host):
        return (self.hosts[host].namespace, "eth"), (self._switch, f"to-{host}")

    def unplug(self, host):
        with self._lock:
            self._ip(host, "link", "set", "eth", "down")

    def plug(self, host):
        with self._lock:
            self._ip(host, "link", "set", "eth", "up")
            for (sender, receiver), count in self._cuts.items():
                if sender == host and count:
                    self._forget_address(sender, receiver)

    def _ip(self, host, *words):
        run_tool("ip", "-n", self.hosts[host].namespace, *words)
