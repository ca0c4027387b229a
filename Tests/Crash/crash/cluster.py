"""A master whose process and whose machine can be stopped, and two chunk servers that stay."""

from harness import layout, ports, processes

from .power import Power


class Mismatch(Exception):
    """What is there is not what was acknowledged."""


class Master:
    """On a folder of its own, `folder/meta`, and always at the same address."""

    def __init__(self, folder, library):
        self.folder, self.meta = folder, folder / "meta"
        self.port = ports.free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.power = Power(library, self.meta, folder / "power")
        self.log = folder / "master.log"
        self.process = None

    def command(self):
        return [layout.swift_bin() / "dfs-master", "-listen", self.address, "-meta-dir", self.meta]

    def start(self, kill_at=None, lies=False):
        """Returns whether it listens: with `kill_at` (see Power) it may die before. Then the machine is as it was left."""
        self.power.kill_at(kill_at)
        self.log_start = self.log.stat().st_size if self.log.exists() else 0
        self.process = processes.Process("master", self.command(), self.log, self.power.environment(lies))
        try:
            self.process.await_port(self.port)
        except processes.ProcessError:
            if kill_at and self.process.exit_code == -9:
                return False
            raise
        return True

    def said(self):
        """What it has logged since it was started."""
        return self.log.read_bytes()[self.log_start:].decode(errors="replace")

    def run_task(self, flag, file, kill_at=None):
        """`-backup` or `-restore`, to its end."""
        self.power.kill_at(kill_at)
        outcome = processes.run([layout.swift_bin() / "dfs-master", "-meta-dir", self.meta, flag, file], 60,
                                self.power.environment())
        self.power.kill_at(None)
        return outcome

    def kill(self):
        if self.process:
            self.process.kill()
        self.power.kill_at(None)

    def cut_power(self, chance=None):
        """Kills it and takes back what was not synced, all or what `chance` draws."""
        self.kill()
        happened = self.power.cut(chance, copy=self.folder / "before-cut")
        with open(self.log, "a") as log:
            log.write(f"POWER CUT: {happened}\n")

    def client(self, arguments):
        return processes.run([layout.swift_bin() / "dfs-client", "-master", self.address, *arguments], 60)


class Cluster(Master):
    """The master with its chunk servers, running."""

    def __init__(self, folder, library):
        super().__init__(folder, library)
        self.server_ports = {number: ports.free_port() for number in (1, 2)}
        self.start()
        self.servers = []
        self.restart_servers()
        (folder / "probe").write_bytes(b"x")
        processes.await_condition(lambda: self.client(["put", folder / "probe", "probe"]).ok, 30, "a cluster that works")

    def restart_servers(self):
        """Servers wait longer with each session that ended early, up to 3 s; new ones begin anew."""
        for server in self.servers:
            server.stop()
        self.servers = [self._start_server(number) for number in self.server_ports]

    def _start_server(self, number):
        port = self.server_ports[number]
        server = processes.Process(
            f"chunk server {number}",
            [layout.swift_bin() / "dfs-chunkserver", "-port", f"127.0.0.1:{port}", "-master", self.address, "-dir",
             self.folder / f"cs{number}"], self.folder / f"cs{number}.log")
        server.await_port(port)
        return server

    def kill_all(self):
        """Without a farewell, which would tidy up what a failure is looked for in."""
        for process in [self.process, *self.servers]:
            process.kill()
