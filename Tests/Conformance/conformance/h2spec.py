"""Runs h2spec, where one is given, against a Swift server."""

import tempfile
import xml.etree.ElementTree
from pathlib import Path

from harness import ports, processes

from . import peers

PARTS = ("generic", "hpack", "http2")
RUN_SECONDS = 600

# Section and number of a test that may fail, and why. nghttp2 takes a HEADERS frame for a stream below the last one for
# a frame of a stream that was closed, and ignores it, as RFC 9113 §5.1 allows for some time after RST_STREAM.
ALLOWED = {("http2/5.1.1", 2)}


def run(binary):
    """Returns how many tests passed, and what failed in words."""
    log = peers.LOGS / "h2spec.log"
    log.unlink(missing_ok=True)
    port = ports.free_port()
    with tempfile.TemporaryDirectory(prefix="dfs-conformance-") as folder:
        server = processes.Process("swift server", peers.server(peers.SWIFT, port, folder), log)
        report = Path(folder) / "report.xml"
        try:
            server.await_port(port)
            outcome = processes.run(
                [binary, *PARTS, "--host", "127.0.0.1", "--port", port, "--junit-report", report], RUN_SECONDS)
            if server.has_ended():
                return 0, [f"h2spec: the server ended by itself: {processes.tail(log)}"]
        except (processes.ProcessError, OSError) as problem:
            return 0, [f"h2spec: {problem}"]
        finally:
            server.kill()
        if not report.exists():
            return 0, [f"h2spec made no report: {outcome}"]
        return judge(report.read_text())


def judge(report):
    """Reads a JUnit report: how many passed, and what failed in words. Without any test that is a failure, too."""
    passed, problems = 0, []
    try:
        suites = xml.etree.ElementTree.fromstring(report).iter("testsuite")
    except xml.etree.ElementTree.ParseError as problem:
        return 0, [f"h2spec's report cannot be read: {problem}"]
    for suite in suites:
        for number, test in enumerate(suite.iter("testcase"), 1):
            section = test.get("package") or suite.get("package") or ""
            bad = [kind for kind in ("failure", "error") if test.find(kind) is not None]
            if bad and (section, number) not in ALLOWED:
                problems.append(f"h2spec {section} case {number}: {test.get('classname')}")
            elif test.find("skipped") is None:
                passed += not bad
    if passed == 0:
        problems.append("h2spec ran no test")
    return passed, problems
