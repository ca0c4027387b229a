"""What came out: one row per mix, a table, and the last line that scripts read."""

from dataclasses import dataclass, field

from .processes import ProcessError

PASSED, FAILED, CONTROL, SKIPPED = "passed", "failed", "control", "skipped"
# A 64 MiB upload meets a heartbeat of a Go server about once in ten times, so a row of some seven puts has hardly more go-faults than
# this, or than this share of its puts; and all rows together have fewer of theirs.
ROW_FAULTS, ROW_SHARE, SHARE_OF_ALL = 4, 0.2, 0.25


class LostByGo(ProcessError):
    """A Go master has lost the same file each time that it was put."""


@dataclass
class Row:
    """One line of the table. The name is master/servers/client, or what happens instead of a client's put. `go_faults` are the
    losses that came by themselves, `induced` those that the control was made to show."""

    name: str
    is_control: bool = False
    puts: int = 0
    gets: int = 0
    go_faults: int = 0
    induced: int = None     # where it was tried
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
        """What ended it, or is wrong all the same. A control that loses files has shown what it is there for."""
        if self.is_control and self.go_faults and isinstance(problem, LostByGo):
            self.notes.append(f"given up: {problem}")
            self.ran = True
        else:
            self.problems.append(str(problem))


COLUMNS = ("mix", "puts", "gets", "go-fault", "waited", "seconds", "result")


def _cells(row):
    if row.skipped:
        return (row.name, "", "", "", "", "", f"skipped: {row.skipped}")
    waited = f"{row.waited:.1f}" if row.waited else ""
    return (row.name, str(row.puts), str(row.gets), str(row.go_faults or ""), waited, f"{row.seconds:.0f}", row.result)


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


def judge_go_faults(rows):
    """Fails rows with go-faults that are not forgiven: those that the all-Go control did not show in this run, though it was made to,
    and more of them than heartbeats explain."""
    mixed = [row for row in rows if row.name.startswith("go/") and not row.is_control]
    controls = [row for row in rows if row.is_control and (row.induced is not None or row.go_faults)]
    is_shown = not controls or any(row.induced or row.go_faults for row in controls)
    for row in mixed:
        if row.go_faults and not is_shown:
            row.fail(f"{row.go_faults} go-faults that the all-Go control did not show in this run")
        if row.go_faults > max(ROW_FAULTS, ROW_SHARE * row.puts):
            row.fail(f"{row.go_faults} go-faults in {row.puts} puts are more than heartbeats explain")
    faults, puts = sum(row.go_faults for row in mixed), sum(row.puts for row in mixed)
    if faults > max(ROW_FAULTS, SHARE_OF_ALL * puts):
        max(mixed, key=lambda row: row.go_faults).fail(
            f"{faults} go-faults in the {puts} puts of all mixes with a Go master are more than heartbeats explain")


def summarize(rows):
    """Prints the last line and returns the exit code. The all-Go control is not counted as passed, but when it has failed it forgives
    nothing, and the run fails."""
    counts = {kind: sum(row.result == kind for row in rows) for kind in (PASSED, FAILED, SKIPPED)}
    skipped = f", {counts[SKIPPED]} skipped" if counts[SKIPPED] else ""
    print(f"{counts[PASSED]} passed, {counts[FAILED]} failed{skipped}")
    return 1 if _failures(rows) else 0


def _failures(rows):
    return [row for row in rows if row.result == FAILED]


def self_test():
    """What a run may forgive is forgiven, and nothing else. Raises AssertionError."""
    def verdict(control, *faults, puts=7):
        rows = [Row(f"go/swift+go/{number}", puts=puts, go_faults=count, ran=True) for number, count in enumerate(faults)]
        judge_go_faults(rows + ([control] if control else []))
        return [row.result for row in rows]

    def control(induced, go_faults=0):
        return Row("go/go+go/go", is_control=True, induced=induced, go_faults=go_faults, ran=True)
    cases = [((control(1), 1, 2), [PASSED, PASSED]), ((control(0), 1, 0), [FAILED, PASSED]), ((control(0, 1), 1, 0), [PASSED, PASSED]),
             ((None, 1, 0), [PASSED, PASSED]), ((control(1), ROW_FAULTS + 1, 0), [FAILED, PASSED]),
             ((control(1), ROW_FAULTS, ROW_FAULTS - 1, 1, 1), [FAILED, PASSED, PASSED, PASSED]),
             ((control(None), 1, 0), [PASSED, PASSED])]
    for given, wanted in cases:
        if verdict(*given) != wanted:
            raise AssertionError(f"{given} is judged {verdict(*given)}, not {wanted}")
    losing, mixed, broken = control(None, 4), Row("go/swift+go/go", go_faults=1, ran=True), control(1)
    for row, problem in ((losing, LostByGo("lost")), (mixed, LostByGo("lost")), (broken, ProcessError("its master ended"))):
        row.fail(problem)
    if _failures([Row("swift/swift+swift/go", ran=True), control(1), losing]):
        raise AssertionError("a control that loses files fails the run")
    for row in (mixed, broken, Row("go/go+go/go", is_control=True)):
        if not _failures([row]):
            raise AssertionError(f"the run passes with {row}")
