"""The file systems that are measured, behind one face: a cluster of a master and two storage nodes, a put and a get."""

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass

from bench import memory, meter
from harness import layout, processes

# Where each node runs.
HOSTS = ("client", "master", "store-1", "store-2")
START_SECONDS = 60


@dataclass(frozen=True)
class Call:
    """A put or get: seconds, and CPU seconds of client and servers."""

    seconds: float
    cpu: float


class System:
    """One cluster, in folders below `folder`; use as a context manager. Subclasses say how. `hosts` are the client's, the
    master's, and those of storage nodes, whose names begin with "store"."""

    name = put_promise = get_promise = ""
    # How the table calls a get that leaves the local file to the kernel, and one after which it is synced.
    get_name, synced_get_name = "get", "get, fsync"
    # What its client's environment has beside ours.
    environment = None

    def __init__(self, hosts, folder, logs):
        self.hosts, self.folder, self.logs = hosts, folder, logs
        self.stores = [name for name in hosts if name.startswith("store")]
        self._processes = []

    def __enter__(self):
        self.folder.mkdir(parents=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        try:
            self._start()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for process in reversed(self._processes):
            process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def put(self, sample):
        """Stores the sample under one name."""
        return self._measured(self._put_command(sample), 3 * sample.size)

    def get(self, sample):
        """Brings it back; the file, what the call took, and what it took until the file was synced."""
        target = self.folder / "got"
        target.mkdir()
        call = self._measured(self._get_command(target), 3 * sample.size)
        path = next(path for path in target.iterdir())
        start = time.monotonic()
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
        return path, call, Call(call.seconds + time.monotonic() - start, call.cpu)

    def put_tree(self, tree):
        """Stores a folder of small files."""
        return self._measured(self._put_tree_command(tree), 4 * tree.size * tree.count)

    def get_tree(self, tree):
        """Brings it back; the folder, and what the call took."""
        target = self.folder / "got-tree"
        target.mkdir()
        call = self._measured(self._get_tree_command(tree, target), 4 * tree.size * tree.count)
        return target / tree.path.name, call

    def _folder(self, name):
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _run(self, host, name, command):
        """Starts a server."""
        process = processes.Process(name, self.hosts[host].command(command), self.logs / f"{name}.log")
        self._processes.append(process)
        return process

    def _await(self, host, command, condition=lambda output: True):
        """Runs a command again and again until it succeeds and its output is as it should be."""
        def holds():
            ended = [process for process in self._processes if process.has_ended()]
            if ended:
                raise processes.ProcessError(f"{ended[0].name} ended: {processes.tail(ended[0].log)}")
            done = processes.run(self.hosts[host].command(command), 20)
            return done.ok and condition(done.output)
        words = " ".join(str(word) for word in command)
        processes.await_condition(holds, START_SECONDS, f"{self.name}: {words}", interval=0.3)

    def _measured(self, command, memory_size):
        subprocess.run(["sync"], check=True)
        memory.touch(memory_size)
        before = self._server_cpu()
        client = meter.measure(self.hosts["client"].command(command), self.environment)
        return Call(client.seconds, client.cpu + self._server_cpu() - before)

    def _server_cpu(self):
        return sum(meter.cpu_seconds(process.pid) for process in self._processes)


class DFS(System):
    """This project; `replication` copies of each chunk."""

    name = "DFS"
    put_promise = "two replicas: files and folders synced; metadata synced"
    get_promise = "lengths and checksums verified, local file renamed into place; read from the servers' files"
    # Without the flag it syncs by itself.
    get_name, synced_get_name = "get -sync off", "get"
    replication = 2

    def _start(self):
        binaries = layout.swift_bin()
        self._master = f"{self.hosts['master'].address}:8000"
        self._client = [binaries / "dfs-client", "-master", self._master]
        self._run("master", "dfs-master", [
            binaries / "dfs-master", "-listen", self._master, "-meta-dir", self._folder("meta")])
        for store in self.stores:
            address = f"{self.hosts[store].address}:9001"
            self._run(store, f"dfs-{store}", [
                binaries / "dfs-chunkserver", "-port", address, "-master", self._master, "-dir", self._folder(store)])
        self._await("client", [*self._client, "df", "-json"], lambda output: output.count('"address"') == len(self.stores))
        probe = self.folder / "probe"
        probe.write_bytes(b"?")
        self._await("client", [*self._client, "put", "-replication", len(self.stores), "-f", probe, "probe"])

    def _put_command(self, sample):
        return [*self._client, "put", "-replication", self.replication, sample.path, "sample"]

    def get(self, sample):
        """First as users do it, then as the others do it. What the first has read leaves the page cache, so that both read the
        disk, as a get right after the put does."""
        target = self._folder("got-synced")
        synced = self._measured(self._get_command(target), 3 * sample.size)
        shutil.rmtree(target)
        for store in self.stores:
            memory.forget_cached(self.folder / store)
        target = self._folder("got")
        call = self._measured([*self._get_command(target), "-sync", "off"], 3 * sample.size)
        return target / "sample", call, synced

    def _get_command(self, target):
        return [*self._client, "get", "sample", target]

    def _put_tree_command(self, tree):
        return [*self._client, "put", "-r", "-replication", self.replication, tree.path, tree.path.name]

    def _get_tree_command(self, tree, target):
        return [*self._client, "get", "-r", tree.path.name, target]


class DFSOverConnections(DFS):
    """This project where the client is on another machine than the replicas: it borrows no files (decision 38), and its bytes go
    through sockets, as those of all the peers do here."""

    name = "DFS, over connections"
    get_promise = "lengths and checksums verified, local file renamed into place"
    environment = {"DFS_SHORT_CIRCUIT": "off"}


class DFSOneCopy(DFS):
    """This project with one copy: what a second one costs is told by the difference."""

    name = "DFS, one copy"
    put_promise = "one replica: file and folder synced; metadata synced"
    replication = 1


class SeaweedFS(System):
    """Volumes with a copy on another server, files cut and put in parallel by `filer.copy`, got through the filer."""

    name = "SeaweedFS"
    put_promise = "two replicas written, nothing synced"
    get_promise = "checksums of pieces verified by the volume servers, nothing synced"
    binary = None

    def _start(self):
        master = f"{self.hosts['master'].address}:9333"
        filer = f"{self.hosts['master'].address}:8888"
        self._filer = filer
        self._run("master", "weed-master", [
            self.binary, "master", f"-ip={self.hosts['master'].address}", "-port=9333", f"-mdir={self._folder('meta')}",
            "-defaultReplication=001", "-volumeSizeLimitMB=2048"])
        for store in self.stores:
            self._run(store, f"weed-{store}", [
                self.binary, "volume", f"-ip={self.hosts[store].address}", "-port=8080", f"-dir={self._folder(store)}",
                "-max=20", f"-master={master}"])
        # Where this process stands, its settings are looked for.
        (self.folder / "filer.toml").write_text(f'[leveldb2]\nenabled = true\ndir = "{self._folder("filer")}"\n')
        self._processes.append(processes.Process("weed-filer", self.hosts["master"].command([
            self.binary, "filer", f"-ip={self.hosts['master'].address}", "-port=8888", f"-master={master}",
            "-defaultReplicaPlacement=001"]), self.logs / "weed-filer.log", cwd=self.folder))
        self._await("client", ["curl", "-sf", f"http://{master}/vol/status"],
                    lambda output: all(self.hosts[store].address in output for store in self.stores))
        probe = self.folder / "probe"
        probe.write_bytes(b"?")
        # Volumes are made at the first use.
        self._await("client", [self.binary, "filer.copy", probe, f"http://{filer}/probe/"])

    def _put_command(self, sample):
        return [self.binary, "filer.copy", f"-maxMB={self.piece_mib}", sample.path, f"http://{self._filer}/bench/"]

    piece_mib = 4

    def _get_command(self, target):
        return ["curl", "-sf", "-o", target / "sample", f"http://{self._filer}/bench/{self._sample_name}"]

    def put(self, sample):
        self._sample_name = sample.path.name
        return super().put(sample)

    def _put_tree_command(self, tree):
        return [self.binary, "filer.copy", tree.path, f"http://{self._filer}/"]

    def _get_tree_command(self, tree, target):
        """As many at once as `filer.copy` has by default, over connections that are used again."""
        wanted = self.folder / "wanted"
        wanted.write_text("".join(
            f'url = "http://{self._filer}/{tree.path.name}/{name}"\noutput = "{target / tree.path.name / name}"\n'
            for name in tree.names()))
        return ["curl", "-sf", "--parallel", "--parallel-max", "8", "--create-dirs", "-K", wanted]


class MooseFS(System):
    """A mount with two copies of each file, written by cp(1). The mount is made anew before the get, so that nothing comes
    out of this kernel's cache."""

    name = "MooseFS"
    put_promise = "two replicas written, nothing synced (HDD_FSYNC_BEFORE_CLOSE = 0, its default)"
    get_promise = "checksums of blocks verified by the mount"
    syncs = False
    master_settings = {}

    def _start(self):
        meta = self._folder("meta")
        shutil.copy("/var/lib/mfs/metadata.mfs.empty", meta / "metadata.mfs")
        (meta / "exports").write_text("* / rw,alldirs,maproot=0\n")
        (meta / "topology").write_text("")
        address = self.hosts["master"].address
        config = self._config("master", {
            "DATA_PATH": meta, "EXPORTS_FILENAME": meta / "exports", "TOPOLOGY_FILENAME": meta / "topology", **self.master_settings,
            **{f"{name}_LISTEN_HOST": address for name in ("MATOML", "MATOCS", "MATOCL")}})
        self._run("master", "mfsmaster", ["/usr/sbin/mfsmaster", "-f", "-c", config, "start"])
        for store in self.stores:
            data = self._folder(store)
            (self.folder / f"{store}.hdd").write_text(f"{data}\n")
            config = self._config(store, {
                "DATA_PATH": self._folder(f"{store}-state"), "HDD_CONF_FILENAME": self.folder / f"{store}.hdd",
                "MASTER_HOST": address, "BIND_HOST": self.hosts[store].address,
                "CSSERV_LISTEN_HOST": self.hosts[store].address, "MASTER_RECONNECTION_DELAY": 1,
                "HDD_FSYNC_BEFORE_CLOSE": int(self.syncs)})
            self._run(store, f"mfs-{store}", ["/usr/sbin/mfschunkserver", "-f", "-c", config, "start"])
        self._mount = self._folder("mount")
        self._attach()
        self._await("client", ["mfssetgoal", "2", self._mount])
        probe = self.folder / "probe"
        probe.write_bytes(b"?")
        self._await("client", ["cp", probe, self._mount / "probe"])
        self._await("client", ["mfscheckfile", self._mount / "probe"], lambda output: re.search(r"2 copies: +1", output))

    def _config(self, name, settings):
        path = self.folder / f"{name}.cfg"
        path.write_text("".join(f"{key} = {value}\n" for key, value in {
            "WORKING_USER": "root", "WORKING_GROUP": "root", "NICE_LEVEL": 0, **settings}.items()))
        return path

    def _attach(self):
        process = None

        def is_mounted():
            # It gives up when the master does not answer yet.
            nonlocal process
            if process is None or process.has_ended():
                process = processes.Process("mfsmount", self.hosts["client"].command([
                    "mfsmount", "-f", "-H", self.hosts["master"].address, "-o", "mfsnice=0", self._mount]),
                    self.logs / "mfsmount.log")
            return self._mount.is_mount()
        processes.await_condition(is_mounted, START_SECONDS, "MooseFS is mounted", interval=0.3)
        self._processes.append(process)

    def _detach(self):
        subprocess.run(["umount", "-l", self._mount], check=False)
        process = next((one for one in self._processes if one.name == "mfsmount"), None)
        if process:
            self._processes.remove(process)
            process.await_end(10)
            process.stop()

    def _put_command(self, sample):
        return ["cp", sample.path, self._mount / "sample"]

    def _get_command(self, target):
        return ["cp", self._mount / "sample", target]

    def _put_tree_command(self, tree):
        return ["cp", "-r", tree.path, self._mount]

    def _get_tree_command(self, tree, target):
        return ["cp", "-r", self._mount / tree.path.name, target]

    def get(self, sample):
        self._detach()
        self._attach()
        return super().get(sample)

    def get_tree(self, tree):
        self._detach()
        self._attach()
        return super().get_tree(tree)

    def __exit__(self, *_):
        if hasattr(self, "_mount"):
            self._detach()
        super().__exit__()


class MooseFSSynced(MooseFS):
    """The same, with the setting that makes it as durable as this project."""

    name = "MooseFS, syncing"
    put_promise = "two replicas written, each synced before its chunk is closed"
    syncs = True
