"""Builds the Go and Python peers: what they need is installed when missing, and nothing generated is committed."""

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

from . import layout

GO_FILES = {"masterService.proto": "dfs/masterpb", "chunkService.proto": "dfs/chunkpb"}
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


def _install_missing():
    missing = sorted({package for path, package in APT_NEEDS.items() if not os.path.exists(path)})
    if missing:
        _install(missing)


def _link_sources():
    """Puts our Go sources where a build without modules looks for them: under dfs/interop."""
    link = layout.GOPATH / "src" / "dfs" / "interop"
    link.parent.mkdir(parents=True, exist_ok=True)
    target = layout.INTEROP / "go"
    if link.is_symlink() and os.readlink(link) == str(target):
        return
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target)


def _build_go(names):
    """Generates the stubs (one protoc run a package, as protoc-gen-go 1.3 demands) and builds the commands."""
    _link_sources()
    source = layout.GOPATH / "src"
    for file, package in GO_FILES.items():
        stub = source / package / file.replace(".proto", ".pb.go")
        proto = layout.PROTOS / file
        if not stub.exists() or stub.stat().st_mtime < proto.stat().st_mtime:
            _run(["/usr/bin/protoc", f"-I{layout.PROTOS}", f"--go_out={source}", f"--go-grpc_out={source}", file],
                 f"protoc {file}", env={**os.environ, "PATH": "/usr/bin:/bin"})
    environment = {
        **os.environ,
        "GO111MODULE": "off", "GOFLAGS": "",
        "GOPATH": f"{layout.GOPATH}:/usr/share/gocode",
        "GOCACHE": str(layout.BUILD / "go-cache"),
    }
    layout.GO_BIN.mkdir(parents=True, exist_ok=True)
    for name in names:
        binary = layout.GO_BIN / (name if name == "vectors" else f"dfs-{name}")
        _run(["/usr/bin/go", "build", "-o", binary, f"dfs/interop/{name}"], f"go build {name}", env=environment)


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


def _build_python():
    """Makes the environment of the Python peer and the stubs it imports."""
    _make_venv()
    ready = layout.VENV / ".ready"
    if not ready.exists():
        _run([layout.PYTHON, "-m", "pip", "install", "--quiet", *PYTHON_PACKAGES], "pip install grpcio grpcio-tools")
        ready.touch()
    stamp = layout.STUBS / ".ready"
    newest = max((layout.PROTOS / file).stat().st_mtime for file in PYTHON_FILES)
    if not stamp.exists() or stamp.stat().st_mtime < newest:
        layout.STUBS.mkdir(parents=True, exist_ok=True)
        _run([layout.PYTHON, "-m", "grpc_tools.protoc", f"-I{layout.PROTOS}", f"--python_out={layout.STUBS}",
              f"--grpc_python_out={layout.STUBS}", *PYTHON_FILES], "grpc_tools.protoc")
        stamp.touch()


@contextmanager
def _build_lock():
    layout.BUILD.mkdir(parents=True, exist_ok=True)
    with open(layout.BUILD / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(go=("master", "chunkserver", "client"), python=True):
    """Builds the peers. Cheap when nothing changed. Raises PeerError."""
    with _build_lock():
        _install_missing()
        if layout.original_bin() is None or "vectors" in go:
            _build_go(go)
        if python:
            _build_python()
