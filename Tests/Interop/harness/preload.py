"""Libraries in C that are loaded into a node by LD_PRELOAD."""

import shutil
import subprocess

from .processes import ProcessError


def build(source, folder):
    """Compiles `source` into `folder` and returns the library's path. Raises ProcessError."""
    compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if not compiler:
        raise ProcessError("there is no C compiler: install gcc, or put Swift's clang on the PATH")
    library = folder / source.with_suffix(".so").name
    done = subprocess.run(
        [compiler, "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, source, "-ldl",
         "-lpthread"], capture_output=True, text=True)
    if done.returncode != 0:
        raise ProcessError(f"{compiler} {source.name} failed:\n{done.stderr}")
    return library
