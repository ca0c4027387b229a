"""What came out: one row per mix, a table, and the last line that scripts read."""

from dataclasses import dataclass, field

PASSED, FAILED, CONTROL, SKIPPED = "passed", "failed", "control", "skipped"


@dataclass
class Row:
    """One line of the table. The name is master/servers/client, or what happens instead of a client's put."""

    name: str
    is_control: bool = False
    puts: int = 0
    gets: int = 0
    go_faults: int = 0
    waited: float = 0.0     # seconds: the longest time a file was UNAVAILABLE after its put
    seconds: float = 0.0
    problems: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    skipped: str = ""
    ran: bool = False

    @property
    def result(self):
        if self.skipped:
            return SKIPPED
        if self.problems or not self.ran:
            return FAILED
        return CONTROL if self.is_control else PASSED

    def fail(self, problem):
        self.problems.append(str(problem))


COLUMNS = ("mix", "puts", "gets", "go-fault", "waited", "seconds", "result")


def _cells(row):
    if row.skipped:
        return (row.name, "", "", "", "", "", f"skipped: {row.skipped}")
    waited = f"{row.waited:.1f}" if row.waited else ""
    result = row.result + (" (failed as such)" if row.is_control and row.result == FAILED else "")
    return (row.name, str(row.puts), str(row.gets), str(row.go_faults or ""), waited, f"{row.seconds:.0f}", result)


def print_table(rows):
    cells = [COLUMNS] + [_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS))]
    for number, line in enumerate(cells):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
    for row in rows:
        for note in row.notes:
            print(f"  {row.name}: {note}")
        for problem in row.problems:
            print(f"  {row.name} FAILED: {problem}")


def summarize(rows):
    """Prints the last line and returns the exit code. The all-Go control counts neither as passed nor as failed."""
    counts = {kind: sum(row.result == kind and not (row.is_control and kind == FAILED) for row in rows)
              for kind in (PASSED, FAILED, SKIPPED)}
    skipped = f", {counts[SKIPPED]} skipped" if counts[SKIPPED] else ""
    print(f"{counts[PASSED]} passed, {counts[FAILED]} failed{skipped}")
    return 1 if counts[FAILED] else 0
