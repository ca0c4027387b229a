"""What the machine itself reaches: one TCP stream over loopback, one copy of the file, two synced copies at once."""

import multiprocessing
import os
import socket
import subprocess
import time

from . import memory

_PIECE = 1 << 20


def _send(port, total):
    piece = bytes(_PIECE)
    with socket.create_connection(("127.0.0.1", port)) as stream:
        for _ in range(total // _PIECE):
            stream.sendall(piece)


def tcp_stream(total):
    """Bytes per second of one stream between two processes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = multiprocessing.get_context("fork").Process(target=_send, args=(listener.getsockname()[1], total))
        sender.start()
        stream, _ = listener.accept()
        with stream:
            piece, received, start = bytearray(_PIECE), 0, time.monotonic()
            while count := stream.recv_into(piece):
                received += count
            seconds = time.monotonic() - start
        sender.join()
    return received / seconds


def _copies(source, folder, count, *options):
    """Seconds that `count` copies by dd take, all at once."""
    targets = [folder / f"copy-{number}" for number in range(count)]
    os.sync()
    memory.touch((count + 1) * source.stat().st_size)
    start = time.monotonic()
    running = [subprocess.Popen(["dd", f"if={source}", f"of={target}", "bs=1M", "status=none", *options])
               for target in targets]
    codes = [child.wait() for child in running]
    seconds = time.monotonic() - start
    for target in targets:
        target.unlink()
    if any(codes):
        raise RuntimeError(f"dd ended with {codes}")
    return seconds


def file_copy(source, folder):
    """Seconds of one copy, nothing synced."""
    return _copies(source, folder, 1)


def two_synced_copies(source, folder):
    """Seconds of two parallel copies, each synced before its dd ends: what a put of two durable replicas must write."""
    return _copies(source, folder, 2, "conv=fsync")
