"""A TCP relay that keeps what each side said, in the order of arrival."""

import socket
import threading


class Tee:
    """Listens on a port of its own and relays each connection to `upstream`. A record is (direction, bytes), where `>`
    is client to server; empty bytes are the end of that direction."""

    def __init__(self, port, upstream):
        self.port, self.upstream = port, upstream
        self.connections = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("localhost", self.upstream))
            records = []
            with self._lock:
                self.connections.append(records)
            for direction, source, sink in ((">", client, server), ("<", server, client)):
                threading.Thread(target=self._relay, args=(records, direction, source, sink), daemon=True).start()

    def _relay(self, records, direction, source, sink):
        while True:
            try:
                data = source.recv(1 << 20)
            except OSError:
                data = b""
            with self._lock:
                records.append((direction, data))
            try:
                sink.sendall(data) if data else sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            if not data:
                return

    def count(self, direction):
        """Bytes seen so far in one direction, over all connections."""
        with self._lock:
            return sum(len(data) for records in self.connections for way, data in records if way == direction)

    def close(self):
        self._listener.close()

    def save(self, path, about):
        """Writes all connections, with `about` as the header."""
        with self._lock, open(path, "w") as file:
            file.writelines(f"# {line}\n" for line in about)
            for number, records in enumerate(self.connections):
                file.write(f"\nconnection {number}\n")
                file.writelines(f"{way} {data.hex() or 'end'}\n" for way, data in records)
