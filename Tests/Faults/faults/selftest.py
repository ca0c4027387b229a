"""Shows that the harness can fail: what is made wrong, lost or left behind on purpose must be found."""

from harness import processes

from . import batches, combos
from .cluster import Cluster
from .putting import FaultyPut, Problem


def run(folder, logs, library):
    """Raises Problem or ProcessError."""
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
            damage(cluster, put)
            try:
                batch.check_healed(cluster, seconds=0)
                put.expect_whole()
            except (Problem, processes.ProcessError):
                continue
            raise Problem("wrong", f"self-test: {damage.__name__} was not found")


def _left_behind(cluster, put):
    (cluster.servers[0].folder / ".dfs/tmp/upload-99").touch()


def _other_bytes(cluster, put):
    (cluster.servers[0].folder / ".dfs/tmp/upload-99").unlink()
    path = next(path for server in cluster.servers for path in server.folder.glob(f"{put.name}.*"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def _no_file(cluster, put):
    done = cluster.client("rm", put.name)
    if not done.ok:
        raise Problem("wrong", f"self-test: {done}")
