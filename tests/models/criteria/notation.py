"""Visits in short notation, so that a case reads like a line of a radiologist's table.

A visit is `T1 50, N1 +`: lesions with what is said of them. The letters of a name say the role that the report marks
(T target, N non-target, L or X none) and whether it is a node (G). Then comes a number in mm, or `s` too small,
`-` gone, `+` present, `?` not evaluated, `!` unequivocal progression, `l12` a long axis alone; then `@liver` an organ,
`<T1` split from T1, `>T1` merged into T1. `=50` is a stated sum.

An expectation is `PR 70 SD/CR/0`: category, sum (`-` for none), categories of targets and non-targets, new lesions.
"""

import datetime as dt
import re
from collections.abc import Sequence

from models.criteria.course import lines_of_therapy
from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.criteria.visit import Assessment, LineOfTherapy, TreatmentStart, Verdict

DAY_0 = dt.date(2026, 1, 5)
APART_DAYS = 56
STATES = {
    "s": LesionState.TOO_SMALL,
    "-": LesionState.GONE,
    "+": LesionState.PRESENT,
    "!": LesionState.PRESENT,
    "?": LesionState.NOT_EVALUATED,
}
ROLES = {"T": LesionRole.TARGET, "N": LesionRole.NON_TARGET}
LESION = re.compile(r"(?P<name>[TNLX]G?\w*) (?P<said>[-s+?!]|l?[\d.]+!?)(?:@(?P<organ>\w+))?(?P<links>(?: ?[<>]\w+)*)$")


def day(number: int) -> dt.date:
    return DAY_0 + dt.timedelta(days=number)


def lesion(text: str) -> LesionFinding:
    """One lesion of the notation."""
    match = LESION.match(text)
    assert match, text
    name, said = match["name"], match["said"]
    node, number = name[1:2] == "G", said.strip("l!")
    size = float(number) if number[:1].isdigit() else None
    links = {link[0]: link[1:] for link in match["links"].split()} if match["links"] else {}
    return LesionFinding(
        lesion_uid=name,
        state=STATES.get(said, LesionState.MEASURED),
        label=name,
        organ=match["organ"],
        node=node,
        role=ROLES.get(name[0]),
        progressed=said.endswith("!"),
        long_axis_mm=size if said[0] == "l" or not node else None,
        short_axis_mm=size if said[0] != "l" and node else None,
        split_from=links.get("<"),
        merged_into=links.get(">"),
    )


def assessment(text: str, on: int) -> Assessment:
    """A visit of the notation on a day, counted from the first of January's first Monday."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    stated = [float(word[1:]) for word in words if word.startswith("=")]
    findings = tuple(lesion(word) for word in words if not word.startswith("="))
    at = dt.datetime.combine(day(on), dt.time(9), dt.UTC)
    return Assessment(f"scan-{on}", at, day(on), findings, stated[0] if stated else None)


def visits(*texts: str, apart: int = APART_DAYS) -> list[Assessment]:
    return [assessment(text, index * apart) for index, text in enumerate(texts)]


def one_line(course: Sequence[Assessment], criterion: str = "RECIST 1.1") -> LineOfTherapy:
    """The only line of a patient treated from day 0 on."""
    (line,) = lines_of_therapy(course, [TreatmentStart(day(0), "drug")], criterion)
    return line


def said(verdict: Verdict, like: str) -> str:
    """A verdict in the notation, as fully as the expectation."""
    total = verdict.sum_of_diameters
    words = [str(verdict.category), "-" if total is None else f"{total:g}"]
    parts = f"{verdict.target_category or '-'}/{verdict.non_target_category or '-'}/{verdict.new_lesions}"
    return " ".join([*words, parts][: len(like.split())])
