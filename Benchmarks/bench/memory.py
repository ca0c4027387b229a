"""Memory that the machine really has: a virtual machine's host takes back what its guest freed, and gives it out again
page by page, slowly, at its next use. Touched right before a measured call, it is there for whoever is measured."""

import mmap
import os

_PIECE = 2 << 20


def touch(byte_count):
    """Uses `byte_count` bytes of memory and frees them again, by the end of a process of its own."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _fill(byte_count)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise RuntimeError(f"could not touch {byte_count >> 20} MiB of memory: give the machine more, or a smaller "
                           "--size-mib")


def _fill(byte_count):
    memory = mmap.mmap(-1, byte_count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)
    piece = bytes(_PIECE)
    for _ in range(byte_count // _PIECE):
        memory.write(piece)
