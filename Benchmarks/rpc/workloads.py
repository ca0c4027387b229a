"""What is asked of each server. A workload is the arguments of `rpc-bench load`, the figure it is about, and its goal."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Workload:
    name: str
    arguments: tuple
    figures: tuple
    over_tls: bool = False


UNARY = ("calls_per_s", "p50_us", "p99_us", "p999_us", "server_us_per_call")
STREAM = ("mb_per_s", "server_cpu_s_per_gib", "client_cpu_s_per_gib")


def _unary(concurrency, connections, seconds):
    return Workload(
        f"unary, {concurrency} at once, {connections} connection{'s' if connections > 1 else ''}",
        ("--kind", "unary", "--payload", 16, "--concurrency", concurrency, "--connections", connections,
         "--duration", seconds), UNARY)


def _stream(kind, size, total, connections=1):
    shown = f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"
    return Workload(
        f"{kind}, {shown} messages" + (f", {connections} connections" if connections > 1 else ""),
        ("--kind", kind, "--payload", size, "--total", total, "--concurrency", connections,
         "--connections", connections), STREAM)


def _tls(plain):
    return replace(plain, name=f"{plain.name}, TLS", over_tls=True)


def workloads(seconds):
    """All of them; the unary ones take `seconds` each."""
    plain = _plain(seconds)
    over_tls = [_unary(256, 1, seconds), *(_stream(kind, 1 << 16, 1 << 30) for kind in ("upload", "download"))]
    return plain + [_tls(one) for one in over_tls]


def _plain(seconds):
    return [
        _unary(1, 1, seconds), _unary(16, 1, seconds), _unary(256, 1, seconds), _unary(256, 64, seconds),
        *(_stream(kind, size, 1 << 28 if size == 1 << 10 else 1 << 30)
          for kind in ("upload", "download") for size in (1 << 10, 1 << 16, 1 << 20)),
        _stream("upload", 1 << 16, 1 << 30, 64),
    ]
