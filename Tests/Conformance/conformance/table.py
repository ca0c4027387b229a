"""What came out: a row a case, a column a pair, and the last line that scripts read."""

from . import cases


def print_table(pairs):
    rows = [("case", *(pair.name for pair in pairs))]
    rows += [(case, *(_cell(pair, case) for pair in pairs)) for case in cases.ALL]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
    for pair in pairs:
        for case, why in cases.IMPOSSIBLE.get((pair.client, pair.server), {}).items():
            print(f"  {pair.name} {case} left out: {why}")
        for case, why in pair.problems.items():
            print(f"  {pair.name} {case or 'as a whole'} FAILED: {why}")


def _cell(pair, case):
    if case not in pair.cases:
        return ""
    return "passed" if case in pair.passed else "FAILED"


def summarize(passed, failed):
    """Prints the last line and returns the exit code."""
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
