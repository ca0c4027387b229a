"""Where things are: the repository, the sources of the peers, and the git-ignored folder they are built in."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
INTEROP = ROOT / "Tests" / "Interop"
PROTOS = ROOT / "Protos"
BUILD = ROOT / ".build" / "interop"
GOPATH = BUILD / "gopath"
GO_BIN = BUILD / "bin"
STUBS = BUILD / "stubs"
VENV = BUILD / "venv"
PYTHON = VENV / "bin" / "python"
PYTHON_CLIENT = INTEROP / "python" / "dfs_client.py"
LOGS = BUILD / "logs"


def swift_bin():
    """The folder of the Swift binaries."""
    return Path(os.environ.get("DFS_SWIFT_BIN", ROOT / "bin")).resolve()


def original_bin():
    """The folder of the Go original's binaries, if one is given to use instead of our own Go nodes."""
    folder = os.environ.get("DFS_GO_BIN")
    return Path(folder).resolve() if folder else None


def shown(path):
    """The path as a person at the repository's root would type it."""
    try:
        return os.path.relpath(path, ROOT)
    except ValueError:
        return str(path)
