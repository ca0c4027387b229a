"""What the machine itself reaches: one TCP stream, one copy of the file, two synced copies at once."""

import multiprocessing
import os
import socket
import subprocess
import sys
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


_SINK = """
import socket, sys
with socket.create_server((sys.argv[1], 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    with listener.accept()[0] as stream:
        piece = bytearray(1 << 20)
        while stream.recv_into(piece):
            pass
        stream.sendall(b".")
"""
_SOURCE = """
import socket, sys, time
piece, total = bytes(1 << 20), int(sys.argv[3])
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as stream:
    start = time.monotonic()
    for _ in range(total >> 20):
        stream.sendall(piece)
    stream.shutdown(socket.SHUT_WR)
    stream.recv(1)
    print(time.monotonic() - start)
"""


def tcp_stream_between(sender, receiver, total):
    """Bytes per second of one stream from a host to another; `total` is in whole MiB."""
    sink = subprocess.Popen(receiver.command([sys.executable, "-c", _SINK, receiver.address]), stdout=subprocess.PIPE, text=True)
    try:
        port = sink.stdout.readline().strip()
        done = subprocess.run(sender.command([sys.executable, "-c", _SOURCE, receiver.address, port, total]),
                              stdout=subprocess.PIPE, text=True, check=True)
        return total / float(done.stdout)
    finally:
        sink.kill()
        sink.wait()
        sink.stdout.close()


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
