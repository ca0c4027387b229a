"""Shows that the harness can fail: what is made wrong, lost or left behind on purpose must be found."""

from harness import processes

from . import batches, combos
from .cluster import Cluster
from .putting import FAILED, KILLED, SUCCEEDED, FaultyPut, Problem, problem_of


def run(folder, logs, library):
    """Raises Problem or ProcessError."""
    _judge_puts()
    combo = next(combo for combo in combos.all_combos() if combo.name == "cut/client/create")
    batch = batches.Batch("self-test", [combo], 0, folder, logs, library)
    with Cluster(batch.folder, batch.logs, library) as cluster:
        put = FaultyPut(cluster, combo, 0)
        batch.puts.append(put)
        result = put.run()
        if result.problems:
            raise Problem("wrong", f"self-test: {result.line()}")
        batch.check_healed(cluster)
        for damage in (_left_behind, _other_bytes, _no_file):
            reason, found = damage(cluster, put), "nothing"
            try:
                batch.check_healed(cluster, seconds=0)
                put.expect_whole()
            except (Problem, processes.ProcessError) as error:
                found = str(error)
            if reason not in found:
                raise Problem("wrong", f"self-test: {damage.__name__} was not found, but {found}")


def _judge_puts():
    """A put that a faulty server has let fail is found, and what may fail is not."""
    for name, said, is_problem in (
            ("kill/first/sync", FAILED, True), ("eio/last/rename", FAILED, True), ("cut/middle/forward", FAILED, True),
            ("kill/first/sync", SUCCEEDED, False), ("kill/client/send", KILLED, False), ("cut/client/create", KILLED, True)):
        combo = next(combo for combo in combos.all_combos() if combo.name == name)
        if bool(problem_of(combo, said)) != is_problem:
            raise Problem("wrong", f"self-test: {name}: {said} is {'not ' if is_problem else ''}taken for wrong")


# Each does damage and returns the words by which it is to be found.

def _left_behind(cluster, put):
    (cluster.servers[0].folder / ".dfs/tmp/upload-99").touch()
    return f"{cluster.servers[0].name} has upload-99"


def _other_bytes(cluster, put):
    (cluster.servers[0].folder / ".dfs/tmp/upload-99").unlink()
    path = next(path for server in cluster.servers for path in server.folder.glob(f"{put.name}.*"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    return f"holds other bytes as {path.name}"


def _no_file(cluster, put):
    done = cluster.client("rm", put.name)
    if not done.ok:
        raise Problem("wrong", f"self-test: {done}")
    return f"{put.name} is None"
