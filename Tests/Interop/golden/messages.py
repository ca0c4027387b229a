"""Encodes the cases of cases.json by the Go and the Python protobuf and checks that both say the same."""

import base64
import json
import subprocess
from importlib.metadata import version

from google.protobuf import json_format

import chunkService_pb2
import cluster_pb2
import masterService_pb2
from harness import layout

MODULES = {"chunk": chunkService_pb2, "master": masterService_pb2, "dfs": cluster_pb2}
GO_PACKAGES = ("chunk", "master")


def pattern(length):
    """The bytes that `pattern:<length>` stands for: byte i is i * 7 mod 251."""
    return bytes(i * 7 % 251 for i in range(length))


def _expand(value):
    data = value.get("data", "")
    if data.startswith("pattern:"):
        return {**value, "data": base64.b64encode(pattern(int(data[8:]))).decode()}
    return value


def _by_go(cases):
    lines = "".join(f"{name}\t{kind}\t{json.dumps(_expand(value))}\n" for name, kind, value in cases)
    done = subprocess.run([layout.GO_BIN / "vectors"], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    return dict(line.split("\t") for line in done.stdout.splitlines())


def _by_python(kind, value):
    package, _, name = kind.partition(".")
    message = json_format.ParseDict(_expand(value), getattr(MODULES[package], name)())
    return message.SerializeToString().hex()


def capture(target):
    cases = json.loads((layout.INTEROP / "golden" / "cases.json").read_text())
    go = _by_go([case for case in cases if case[1].split(".")[0] in GO_PACKAGES])
    with open(target, "w") as file:
        file.write("# Serialized messages of the cases in cases.json.\n")
        file.write(f"# origin: golang/protobuf 1.3.5 (Go), protobuf {version('protobuf')} (Python)\n")
        file.write("# made by: Tests/Interop/golden/capture\n")
        for name, kind, value in cases:
            file.write(f"\ncase {name}\ntype {kind}\njson {json.dumps(value, ensure_ascii=False)}\n")
            python = _by_python(kind, value)
            if go.get(name, python) == python:
                file.write(f"from {'go python' if name in go else 'python'}\nhex {python}\n")
            else:
                file.write(f"from go\nhex {go[name]}\nfrom python\nhex {python}\n")
