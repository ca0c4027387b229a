"""A certificate authority of one run, made by the openssl command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .processes import ProcessError

_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


@dataclass(frozen=True)
class Certificates:
    """PEM files: the authority, and a server's certificate for localhost with its key."""

    authority: Path
    certificate: Path
    key: Path


def make(folder):
    """Makes all of them in `folder`, good for two days. Raises ProcessError."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    _openssl(folder, "req", "-x509", *_NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca")
    _openssl(folder, "req", "-new", *_NEW_KEY, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    _openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
             "-out", "server.pem", "-days", "2", "-extfile", "names")
    return Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")


def _openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise ProcessError(f"openssl {arguments[0]} failed: {done.stderr[-600:]}")
