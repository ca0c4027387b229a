"""Hosts for the nodes of a cluster: network namespaces of this machine, made for one run and removed after it."""

import os
import shutil
import subprocess
from dataclasses import dataclass

NETWORK = "10.77.0"
# Larger than the largest packet that TCP hands to the device at once.
BURST, LATENCY = "256kb", "20ms"


class HostError(Exception):
    """A namespace cannot be made; the text says what to do."""


@dataclass(frozen=True)
class Host:
    """One namespace, or a share of one, with an address of its own."""

    namespace: str
    address: str

    def command(self, words):
        """`words` as a command that runs on this host. Not by `ip netns exec`, which would hide the mounts that it makes."""
        return ["nsenter", f"--net=/run/netns/{self.namespace}", *(str(word) for word in words)]


class Hosts:
    """Use as a context manager. Where `is_linked`, each host has a namespace of its own and a link, its device `eth`, to a
    switch; otherwise all share a namespace and its loopback device. A `rate`, as tc(8) writes it, makes links, and limits each
    in both directions."""

    def __init__(self, names, rate=None, is_linked=False):
        self.names, self.rate, self.is_linked = names, rate, is_linked or rate is not None
        self._prefix = f"dfs-{os.getpid()}"
        self._namespaces = []

    def __enter__(self):
        if os.geteuid() != 0:
            raise HostError("network namespaces need root: run this as root")
        missing = [tool for tool in ("ip", "tc", "nsenter") if not shutil.which(tool)]
        if missing:
            raise HostError(f"{missing[0]} is not there: install iproute2 and util-linux")
        try:
            return self._linked() if self.is_linked else self._together()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for namespace in self._namespaces:
            subprocess.run(["ip", "netns", "del", namespace], check=False)
        self._namespaces = []

    def _add(self, name):
        namespace = f"{self._prefix}-{name}"
        run_tool("ip", "netns", "add", namespace)
        self._namespaces.append(namespace)
        run_tool("ip", "-n", namespace, "link", "set", "lo", "up")
        return namespace

    def _addresses(self):
        return {name: f"{NETWORK}.{number}" for number, name in enumerate(self.names, 1)}

    def _together(self):
        namespace = self._add("all")
        for address in self._addresses().values():
            run_tool("ip", "-n", namespace, "address", "add", f"{address}/24", "dev", "lo")
        return {name: Host(namespace, address) for name, address in self._addresses().items()}

    @property
    def switch(self):
        """The namespace of the switch, whose device to a host is called `to-<name>`."""
        return f"{self._prefix}-switch"

    def _linked(self):
        switch = self._add("switch")
        run_tool("ip", "-n", switch, "link", "add", "bridge", "type", "bridge")
        run_tool("ip", "-n", switch, "link", "set", "bridge", "up")
        hosts = {}
        for name, address in self._addresses().items():
            namespace = self._add(name)
            port = f"to-{name}"
            run_tool("ip", "-n", switch, "link", "add", port, "type", "veth", "peer", "name", "eth", "netns", namespace)
            run_tool("ip", "-n", switch, "link", "set", port, "master", "bridge", "up")
            run_tool("ip", "-n", namespace, "address", "add", f"{address}/24", "dev", "eth")
            run_tool("ip", "-n", namespace, "link", "set", "eth", "up")
            for where, device in ((switch, port), (namespace, "eth")) if self.rate else ():
                run_tool("tc", "-n", where, "qdisc", "add", "dev", device, "root", "tbf", "rate", self.rate,
                         "burst", BURST, "latency", LATENCY)
            hosts[name] = Host(namespace, address)
        return hosts


def run_tool(*words):
    """Runs one of the tools that networks and disks are made with; HostError says what failed."""
    words = [str(word) for word in words]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise HostError(f"{' '.join(words)} failed: {done.stdout.strip()}")
