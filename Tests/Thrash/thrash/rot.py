"""Flips bits in chunk files, so that one whole copy of each chunk is always left."""

import threading


class Rot:
    """`damaged` are the chunks that were damaged, each once at most."""

    def __init__(self, cluster, chance):
        self._cluster, self._chance, self._lock = cluster, chance, threading.Lock()
        self.damaged = set()

    def flip(self, server, count):
        """Flips a bit in as many chunks of the server, as far as there are such that may be damaged."""
        with self._lock:
            address = self._cluster.address(server)
            chunks = [chunk for file in self._cluster.json_lines("fsck", "-l", "-json") for chunk in file.get("chunks", [])
                      if address in chunk["servers"] and self._may_be_damaged(chunk, address)]
            for chunk in self._chance.sample(chunks, min(count, len(chunks))):
                path = self._cluster.chunk_folder(address) / chunk["id"]
                try:
                    self._flip(path)
                except OSError:
                    continue  # it was deleted meanwhile
                self.damaged.add(chunk["id"])

    def _may_be_damaged(self, chunk, address):
        """Another server has a copy of the right length, of which the master knows that it is complete."""
        if chunk["id"] in self.damaged or not chunk["length"]:
            return False
        for other in chunk["servers"]:
            try:
                path = self._cluster.chunk_folder(other) / chunk["id"]
                if other != address and path.stat().st_size == chunk["length"]:
                    return True
            except OSError:
                continue
        return False

    def _flip(self, path):
        with open(path, "r+b") as file:
            position = self._chance.randrange(path.stat().st_size)
            file.seek(position)
            byte = file.read(1)[0]
            file.seek(position)
            file.write(bytes([byte ^ 1 << self._chance.randrange(8)]))
