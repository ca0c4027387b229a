"""Hands out free TCP ports of this machine, each once per run."""

import os
import random
import socket
import threading

# Below the range that the kernel takes for outgoing connections.
FIRST = int(os.environ.get("DFS_INTEROP_PORTS", "20000"))
COUNT = 4000

_lock = threading.Lock()
_taken = set()


def _is_free(port):
    for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def free_port():
    """A port nobody listens on. Random, so that two runs on one machine hardly meet."""
    with _lock:
        for _ in range(COUNT):
            port = FIRST + random.randrange(COUNT)
            if port not in _taken and _is_free(port):
                _taken.add(port)
                return port
    raise RuntimeError(f"no free port from {FIRST} to {FIRST + COUNT - 1}")
