"""Builds the Go and Python peers: what they need is installed when missing, and nothing generated is committed."""

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

from . import layout

# The Go package of each of the files that Go nodes speak.
GO_STUBS = {"dfs/masterpb": ["masterService.proto"], "dfs/chunkpb": ["chunkService.proto"]}
PYTHON_FILES = ["masterService.proto", "chunkService.proto", "cluster.proto"]
PYTHON_PACKAGES = ["grpcio>=1.60,<2", "grpcio-tools>=1.60,<2"]

# What must be there, and the Debian package that brings it.
APT_NEEDS = {
    "/usr/bin/go": "golang-go",
    "/usr/bin/protoc": "protobuf-compiler",
    "/usr/bin/protoc-gen-go": "golang-goprotobuf-dev",
    "/usr/bin/protoc-gen-go-grpc": "protoc-gen-go-grpc",
    "/usr/share/gocode/src/google.golang.org/grpc/version.go": "golang-google-grpc-dev",
}


class PeerError(Exception):
    """A peer cannot be built; the text says what to do."""


def _run(command, log, **options):
    """Runs a command quietly; its output is shown only when it fails."""
    done = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise PeerError(f"{log} failed ({done.returncode}):\n{done.stdout[-4000:]}")
    return done.stdout


def _install(packages):
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print(f"interop: installing {' '.join(packages)}", file=sys.stderr)
    _run(sudo + ["apt-get", "update", "-q"], "apt-get update", env=environment)
    _run(sudo + ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], "apt-get install",
         env=environment)


def install_missing(needs):
    """Installs the packages whose files are not there; `needs` is package by file."""
    missing = sorted({package for path, package in needs.items() if not os.path.exists(path)})
    if missing:
        _install(missing)


def _link_sources(package, target):
    """Puts Go sources of ours where a build without modules looks for the package."""
    link = layout.GOPATH / "src" / package
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and os.readlink(link) == str(target):
        return
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target)


def _newest(files):
    return max((layout.PROTOS / file).stat().st_mtime for file in files)


def build_go(package, folder, stubs, commands):
    """Generates the stubs (one protoc run a package, as protoc-gen-go 1.3 demands) and builds the commands: binaries'
    names by the folder of each. `folder` holds the sources of `package`, `stubs` the .proto files of each package."""
    _link_sources(package, folder)
    source = layout.GOPATH / "src"
    for name, files in stubs.items():
        stamp = source / name / ".ready"
        if not stamp.exists() or stamp.stat().st_mtime < _newest(files):
            _run(["/usr/bin/protoc", f"-I{layout.PROTOS}", f"--go_out={source}", f"--go-grpc_out={source}", *files],
                 f"protoc {' '.join(files)}", env={**os.environ, "PATH": "/usr/bin:/bin"})
            stamp.touch()
    environment = {
        **os.environ,
        "GO111MODULE": "off", "GOFLAGS": "",
        "GOPATH": f"{layout.GOPATH}:/usr/share/gocode",
        "GOCACHE": str(layout.BUILD / "go-cache"),
    }
    layout.GO_BIN.mkdir(parents=True, exist_ok=True)
    for command, binary in commands.items():
        _run(["/usr/bin/go", "build", "-o", layout.GO_BIN / binary, f"{package}/{command}"], f"go build {command}",
             env=environment)


def _make_venv():
    if layout.PYTHON.exists():
        return
    shutil.rmtree(layout.VENV, ignore_errors=True)
    try:
        _run([sys.executable, "-m", "venv", layout.VENV], "python3 -m venv")
    except PeerError:
        # Debian splits ensurepip off.
        _install(["python3-venv"])
        shutil.rmtree(layout.VENV, ignore_errors=True)
        _run([sys.executable, "-m", "venv", layout.VENV], "python3 -m venv")


def build_python(files, stubs):
    """Makes the environment of the Python peer and, in the folder `stubs`, what it imports for the .proto files."""
    _make_venv()
    ready = layout.VENV / ".ready"
    if not ready.exists():
        _run([layout.PYTHON, "-m", "pip", "install", "--quiet", *PYTHON_PACKAGES], "pip install grpcio grpcio-tools")
        ready.touch()
    stamp = stubs / ".ready"
    if not stamp.exists() or stamp.stat().st_mtime < _newest(files):
        stubs.mkdir(parents=True, exist_ok=True)
        _run([layout.PYTHON, "-m", "grpc_tools.protoc", f"-I{layout.PROTOS}", f"--python_out={stubs}",
              f"--grpc_python_out={stubs}", *files], "grpc_tools.protoc")
        stamp.touch()


@contextmanager
def building():
    """Keeps other runs from building meanwhile, and installs what is missing. Building raises PeerError."""
    layout.BUILD.mkdir(parents=True, exist_ok=True)
    with open(layout.BUILD / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install_missing(APT_NEEDS)
        yield


def build(go=("master", "chunkserver", "client"), python=True):
    """Builds the peers. Cheap when nothing changed. Raises PeerError."""
    with building():
        if layout.original_bin() is None or "vectors" in go:
            commands = {name: name if name == "vectors" else f"dfs-{name}" for name in go}
            build_go("dfs/interop", layout.INTEROP / "go", GO_STUBS, commands)
        if python:
            build_python(PYTHON_FILES, layout.STUBS)
