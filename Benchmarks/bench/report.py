"""The tables, the ratios, and whether the goals are met."""

from statistics import median

from harness.clients import GO, SWIFT

GIB, MB = 1 << 30, 10 ** 6

# What an answer promises. Go nodes sync the file of the one replica before the put ends and ignore an error of that.
SYNCED = {
    (SWIFT, "put"): "two replicas: files and folders synced",
    (GO, "put"): "one replica: file synced, folder not; the second copy starts later",
    (SWIFT, "get"): "lengths and checksums verified, local file renamed into place",
    (GO, "get"): "nothing checked, nothing synced",
}


class Summary:
    """Medians over the rounds of one kind of cluster on one medium."""

    def __init__(self, rounds, size):
        def middle(name):
            return median(getattr(one, name) for one in rounds)
        gib = size / GIB
        self.put_seconds, self.get_seconds = middle("put_seconds"), middle("get_seconds")
        self.put, self.get = size / MB / self.put_seconds, size / MB / self.get_seconds
        self.put_range = _range(size / MB / one.put_seconds for one in rounds)
        self.get_range = _range(size / MB / one.get_seconds for one in rounds)
        self.put_cpu, self.get_cpu = middle("put_cpu") / gib, middle("get_cpu") / gib
        self.put_cpu_copied = middle("put_cpu_copied") / gib
        self.put_cpu_settled = middle("put_cpu_settled") / gib
        self.peaks = {kind: max(one.peaks[kind] for one in rounds) for kind in rounds[0].peaks}
        self.go_faults = sum(one.go_faults for one in rounds)


def _range(values):
    values = list(values)
    return f"{min(values):.0f}-{max(values):.0f}"


def print_medium(medium, about, baselines, summaries, size):
    """One table for one medium. `summaries` is by kind of cluster."""
    print(f"\n## {medium} ({about})")
    print(f"machine: one TCP stream over loopback {baselines['tcp'] / MB:.0f} MB/s, "
          f"one file copy {size / MB / baselines['copy']:.0f} MB/s, "
          f"two parallel synced copies by dd {size / MB / baselines['two_copies']:.0f} MB/s each "
          f"({baselines['two_copies']:.2f} s)")
    lines = [("cluster", "call", "MB/s", "range", "CPU s/GiB", "two copies", "quiet", "what the answer promises")]
    for kind, summary in summaries.items():
        lines.append((kind, "put", f"{summary.put:.0f}", summary.put_range, f"{summary.put_cpu:.2f}",
                      f"{summary.put_cpu_copied:.2f}", f"{summary.put_cpu_settled:.2f}", SYNCED[kind, "put"]))
        lines.append((kind, "get", f"{summary.get:.0f}", summary.get_range, f"{summary.get_cpu:.2f}", "", "",
                      SYNCED[kind, "get"]))
    _print_lines(lines)
    for kind, summary in summaries.items():
        peaks = ", ".join(f"{name} {mib:.0f} MiB" for name, mib in summary.peaks.items())
        faults = f"; {summary.go_faults} rounds repeated because the master lost the file" if summary.go_faults else ""
        print(f"{kind}: peak memory {peaks}{faults}")
    if len(summaries) == 2:
        _print_goals(medium, baselines, summaries[SWIFT], summaries[GO])


def _print_lines(lines):
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def goals(medium, baselines, swift, go):
    """(what, ratio, limit, whether it is met). CPU is compared when two copies exist on either side."""
    if medium == "tmpfs":
        return [
            ("put MB/s, Swift over Go", swift.put / go.put, "at least 2", swift.put >= 2 * go.put),
            ("get MB/s, Swift over Go", swift.get / go.get, "at least 2", swift.get >= 2 * go.get),
            ("put CPU, Swift over Go, both with two copies", swift.put_cpu_copied / go.put_cpu_copied, "at most 0.5",
             swift.put_cpu_copied <= 0.5 * go.put_cpu_copied),
            ("put CPU, Swift with two copies over Go with one", swift.put_cpu / go.put_cpu, "no goal", None),
            ("get CPU, Swift over Go", swift.get_cpu / go.get_cpu, "at most 0.5",
             swift.get_cpu <= 0.5 * go.get_cpu),
        ]
    over_copies = swift.put_seconds / baselines["two_copies"]
    return [
        ("put time, Swift over two synced copies by dd", over_copies, "at most 1.25", over_copies <= 1.25),
        ("put MB/s, Swift over Go", swift.put / go.put, "no goal", None),
        ("get MB/s, Swift over Go", swift.get / go.get, "no goal", None),
    ]


def _print_goals(medium, baselines, swift, go):
    for what, ratio, limit, is_met in goals(medium, baselines, swift, go):
        verdict = "" if is_met is None else ": met" if is_met else ": MISSED"
        print(f"{what}: {ratio:.2f} ({limit}){verdict}")
