"""Every fault, at every step of a put, for every victim: the file is whole or absent, and what was acknowledged stays."""

import argparse
import fnmatch
import random
import shutil
import sys
import tempfile
import threading
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import preload, processes

from . import combos, putting, selftest
from .batches import Batch
from .cluster import CHUNK, SLOW_CHUNK

SOURCE = Path(__file__).with_name("faults.c")
# One cluster sees so many faults, then it must have healed.
BATCH_COMBOS = 16
# Enough to be done within 90 s.
QUICK_COMBOS = 32


class Run:
    """All batches, a few at a time: most of them wait for something. Those with somebody slow are alone on the machine: there, others
    are not to be slow as well."""

    def __init__(self, folder, logs, library):
        self.folder, self.logs, self.library = folder, logs, library
        self.results, self.problems = [], []
        self._lock = threading.Lock()

    def play(self, chosen, lanes):
        # Slow ones have clusters of their own, with larger chunks.
        batches = []
        for group, chunk in (([combo for combo in chosen if combo.fault != combos.SLOW], CHUNK),
                             ([combo for combo in chosen if combo.fault == combos.SLOW], SLOW_CHUNK)):
            for start in range(0, len(group), BATCH_COMBOS):
                first = sum(len(batch.combos) for batch in batches)
                batches.append(Batch(len(batches), group[start:start + BATCH_COMBOS], first, self.folder, self.logs,
                                     self.library, chunk))
        for at_once, alike in ((lanes, [batch for batch in batches if batch.chunk == CHUNK]),
                               (1, [batch for batch in batches if batch.chunk == SLOW_CHUNK])):
            with ThreadPoolExecutor(at_once) as pool:
                list(pool.map(self._play, alike))

    def _play(self, batch):
        try:
            problems = batch.run(self._tell)
        except Exception as error:  # noqa: BLE001: one batch must not end the others
            problems = [f"{batch.logs}: {error}"]
            if not isinstance(error, processes.ProcessError):
                problems.append(traceback.format_exc())
        with self._lock:
            self.problems += problems
            for problem in problems:
                print(problem, flush=True)

    def _tell(self, result):
        with self._lock:
            self.results.append(result)
            print(result.line(), flush=True)

    def summary(self, count):
        """The last line, and whether all is well."""
        said = Counter(result.said for result in self.results)
        found = [problem for result in self.results for problem in result.problems] + self.problems
        kinds = Counter(getattr(problem, "kind", "wrong") for problem in found)
        healed = "all healed" if not kinds["unhealed"] else f"{kinds['unhealed']} not healed"
        left_out = f", {count - len(self.results)} not played" if count != len(self.results) else ""
        return (f"{count} combos: {said[putting.SUCCEEDED]} puts succeeded, "
                f"{said[putting.FAILED] + said[putting.KILLED]} failed cleanly, {kinds['wrong']} wrong, "
                f"{kinds['lost']} lost, {healed}{left_out}"), not found and not left_out


def _options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_COMBOS} combos, of each fault at least one")
    parser.add_argument("--only", metavar="PATTERN", help="combos of that name, such as 'kill/*/rename' (shell pattern)")
    parser.add_argument("--list", action="store_true", help="print the names of the combos")
    parser.add_argument("--seed", default=str(random.randrange(1 << 32)), help="of the order and of the sample")
    parser.add_argument("--lanes", type=int, default=4, help="clusters at once (default: 4)")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="keep all logs there; otherwise those of failures stay")
    return parser.parse_args()


def _chosen(options):
    found = combos.all_combos()
    if options.only:
        found = [combo for combo in found if fnmatch.fnmatch(combo.name, options.only)]
        if not found:
            sys.exit(f"no combo is called {options.only}; --list names them")
    if not options.list:
        found = combos.sample(found, QUICK_COMBOS if options.quick else len(found), options.seed)
    return found


def main():
    options = _options()
    chosen = _chosen(options)
    if options.list:
        print("\n".join(combo.name for combo in chosen))
        return 0
    folder = Path(tempfile.mkdtemp(prefix="dfs-faults-"))
    logs = options.keep or folder / "logs"
    print(f"faults: seed {options.seed}", file=sys.stderr, flush=True)
    try:
        library = preload.build(SOURCE, folder)
        selftest.run(folder, logs, library)
        print("faults: self-test passed", file=sys.stderr, flush=True)
        run = Run(folder, logs, library)
        run.play(chosen, options.lanes)
        text, is_well = run.summary(len(chosen))
    except (processes.ProcessError, putting.Problem) as error:
        text, is_well = f"faults: FAILED: {error}", False
    print(text)
    if is_well:
        shutil.rmtree(folder)
        return 0
    print(f"seed {options.seed}, logs: {logs}", file=sys.stderr)
    return 1
