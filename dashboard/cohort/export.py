"""`python -m dashboard.cohort.export FOLDER --criterion NAME`: writes what became of each line of therapy as CSV.

`scanstream export cohort` starts it by this name, with complete settings in its environment.
"""

import argparse
from pathlib import Path

from dashboard.cohort.tables import harmless_csv
from dashboard.exporting import plain_endings, write
from dashboard.queries import reader


def main() -> None:
    """Rows of line_outcome, all of its columns; no file where there is no such line."""
    parser = argparse.ArgumentParser(prog="export")
    parser.add_argument("folder", type=Path)
    for name in ("trial", "arm", "disease", "criterion"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--line", type=int)
    asked = vars(parser.parse_args())
    folder = asked.pop("folder")
    with plain_endings():
        with reader() as source:
            lines = source.lines(asked)
        if not lines.empty:
            write(folder, "cohort.csv", harmless_csv(lines).encode("utf-8-sig"))


main()
