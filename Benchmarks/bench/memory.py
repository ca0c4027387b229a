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


def forget_cached(folder):
    """Takes the files of a folder out of the page cache, which have to be on the disk already."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


def _fill(byte_count):
    memory = mmap.mmap(-1, byte_count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)
    piece = bytes(_PIECE)
    for _ in range(byte_count // _PIECE):
        memory.write(piece)
