"""Runs all cases of one client against one server, as processes."""

import tempfile
from dataclasses import dataclass, field

from harness import layout, ports, processes
from harness.certificates import Certificates

from . import cases, peers

RUN_SECONDS = 180


@dataclass
class Pair:
    """One column of the table. `problems` has what went wrong, by case; "" is the server."""

    client: str
    server: str
    # None is plaintext.
    certificates: Certificates = None
    passed: set = field(default_factory=set)
    problems: dict = field(default_factory=dict)

    @property
    def name(self):
        return f"{self.client}>{self.server}" + (" TLS" if self.certificates else "")

    @property
    def cases(self):
        return cases.of(self.client, self.server)

    def run(self):
        with tempfile.TemporaryDirectory(prefix="dfs-conformance-") as folder:
            self._run_in(folder)

    def _run_in(self, folder):
        log = peers.LOGS / f"{self.client}-{self.server}{'-tls' if self.certificates else ''}.log"
        log.unlink(missing_ok=True)
        port = ports.free_port()
        command = peers.server(self.server, port, folder, self.certificates)
        server = processes.Process(f"{self.server} server", command, log, peers.ENVIRONMENT)
        try:
            server.await_port(port)
            self._read(self._run_client(port))
            if server.has_ended():
                self.problems[""] = f"the server ended by itself: {processes.tail(log)}"
        except processes.ProcessError as problem:
            self.problems[""] = str(problem)
        finally:
            server.kill()
        for case in self.cases:
            if case not in self.passed and case not in self.problems:
                self.problems[case] = f"did not run; the server's log is {layout.shown(log)}"

    def _run_client(self, port):
        command = peers.client(self.client, port, self.cases, self.certificates)
        return processes.run(command, RUN_SECONDS, peers.ENVIRONMENT)

    def _read(self, outcome):
        """One line a case: `PASSED <case>` or `FAILED <case>: <why>`."""
        last = None
        for line in outcome.output.splitlines():
            word, _, rest = line.partition(" ")
            if word == "PASSED":
                self.passed.add(rest)
                last = None
            elif word == "FAILED":
                last, _, why = rest.partition(": ")
                self.problems[last] = why
            elif last:
                self.problems[last] += f"\n{line}"
        if not outcome.ok and not self.problems:
            self.problems[""] = str(outcome)
