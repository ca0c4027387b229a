"""A Swift master and chunk servers, each of which can be killed and started again on its folder and port."""

import json

from harness import layout, ports, processes

SERVER_COUNT = 5


class Node:
    def __init__(self, name, command, port, log):
        self.name, self.command, self.port, self.log = name, command, port, log
        self.process = None

    def start(self):
        self.process = processes.Process(self.name, self.command, self.log)
        self.process.await_port(self.port)

    def kill(self):
        self.process.kill()


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        port = ports.free_port()
        self.address = f"127.0.0.1:{port}"
        self.master = Node(
            "master",
            [layout.swift_bin() / "dfs-master", "-listen", self.address, "-meta-dir", folder / "meta", "-chunk-size", "1MB",
             "-live-threshold", "10s"], port, folder / "master.log")
        self.servers, self.folders = {}, {}
        for number in range(SERVER_COUNT):
            port = ports.free_port()
            self.folders[f"127.0.0.1:{port}"] = folder / f"cs{number}"
            self.servers[f"127.0.0.1:{port}"] = Node(
                f"chunk server {number}",
                [layout.swift_bin() / "dfs-chunkserver", "-port", f"127.0.0.1:{port}", "-master", self.address, "-dir",
                 folder / f"cs{number}", "-chunk-size", "1MB"], port, folder / f"cs{number}.log")

    def start(self):
        self.master.start()
        for server in self.servers.values():
            server.start()
        (self.folder / "probe").write_bytes(b"x")
        processes.await_condition(
            lambda: self.client("put", self.folder / "probe", "probe").ok, 30, "a cluster that works")

    def kill_all(self):
        for node in [self.master, *self.servers.values()]:
            if node.process:
                node.kill()

    def command(self, *arguments):
        return [layout.swift_bin() / "dfs-client", "-master", self.address, *arguments]

    def client(self, *arguments, seconds=60):
        return processes.run(self.command(*arguments), seconds)

    def chunks(self, name):
        """What the master tells of each chunk; nothing where it cannot tell now."""
        told = self.client("stat", "-json", name)
        if not told.ok:
            return []
        lines = [json.loads(line) for line in told.output.splitlines()]
        found = lines[0].get("chunks")
        return found if isinstance(found, list) else [line for line in lines if "index" in line]

    def primary(self, name):
        """The server that orders the records now, if there is one."""
        last = next(iter(self.chunks(name)[-1:]), None)
        if last is None or last["length"] is not None or not last["servers"]:
            return None
        return self.servers.get(last["servers"][0])

    def folder_of(self, address):
        return self.folders[address]
