"""The harness's side of `faults.c`: processes tell of each step before they take it, and stand still until they are answered."""

import socket
import threading
import traceback
from collections import namedtuple

# `node` is a name, `what` a path or a kind of connection, `tag` the first bytes of what is written.
Event = namedtuple("Event", "node step what offset length tag")

# Longer than any handler takes; a process that is stopped or dead does not answer.
ORDER_SECONDS = 5


class Breakpoints:
    """Listens at a Unix socket. `handler` is asked about each event, one at a time, and returns the number of the error
    that the step shall fail with, or 0; `told_of_sends` are the nodes of which each send is an event. `slowed` has for nodes a
    function that says of an event for how many seconds it shall last.
    `errors` is what it raised."""

    def __init__(self, path):
        self.path = path
        self.handler = lambda event: 0
        self.told_of_sends = set()
        self.slowed = {}
        self.errors = []
        self._lock = threading.Lock()
        self._orders = {}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def environment(self, library, name, folder=None, port=None, master_port=None):
        """For a process: what it is called, which of its files are watched, and how its connections are told apart."""
        found = {"LD_PRELOAD": library, "FAULTS_SOCKET": self.path, "FAULTS_NAME": name, "FAULTS_FOLDER": folder,
                 "FAULTS_PORT": port, "FAULTS_MASTER_PORT": master_port}
        return {key: str(value) for key, value in found.items() if value is not None}

    def cut(self, name, which="all"):
        """Shuts down TCP connections of the node: those from others (up), to chunk servers (down), to the master, or all."""
        connection = self._orders.get(name)
        if connection:
            try:
                connection.sendall(f"{which}\n".encode())
                connection.recv(64)
            except OSError:
                pass  # it is dead, and so are its connections

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        lines = connection.makefile("r", errors="replace", newline="\n")
        kind, name, _ = lines.readline().rstrip("\n").split("\t")
        if kind == "orders":
            connection.settimeout(ORDER_SECONDS)
            self._orders[name] = connection
            return
        try:
            for line in lines:
                step, what, offset, length, tag = line.rstrip("\n").split("\t")
                with self._lock:
                    event = Event(name, step, what, int(offset), int(length), tag)
                    failure = self._ask_handler(event)
                    tells = int(name in self.told_of_sends)
                    delay = int(self.slowed[name](event) * 1e6) if name in self.slowed else 0
                connection.sendall(f"{failure} {tells} {delay}\n".encode())
        except OSError:
            pass  # it was killed
        finally:
            connection.close()

    def _ask_handler(self, event):
        try:
            return self.handler(event)
        except Exception:  # noqa: BLE001: told by who looks at `errors`; the process must not stand still for ever
            self.errors.append(traceback.format_exc())
            return 0
