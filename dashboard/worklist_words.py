"""Words of the worklist: needs, verdicts, and by how much a sum has changed."""

from collections.abc import Sequence

from dashboard import wording

NEEDS = {
    "progressed": "Just progressed",
    "risen": "Forecast worse",
    "overdue": "Overdue",
    "decision": "Waits for a decision",
    "waiting": "Scan on the way",
    "none": "Nothing new",
}
"""By need, the one that somebody is needed for first before the others."""
LIMITS = (5, 20, 25, 30, 40, 50, 65, 66, 73)
"""Millimetres and per cents by which criteria decide: what is written never seems to be on their other side."""
RISEN_POINTS = 5
"""From here on the view worklist calls a forecast worse."""
ELSEWHERE = "not by the sum: other lesions progressed, or came back"
PROGRESSIONS = ("PD", "iUPD", "iCPD")
NOTE = (
    "Just progressed: in the last 60 days, and nobody has acknowledged it. Forecast worse: by 5 points or more since "
    "the scan before, and nobody has acknowledged it. Overdue: the next scan should have come, or the forecast has run "
    "out. A risk counts from its scan; 90 % interval and bar: how unsure the model itself is. Dot: risk now; open "
    "circle: at the scan before."
)


def change(percent: float, more: float, unit: str) -> str:
    """How a sum stands to a smaller or larger one: `+38 % and 12 mm over`, `as at`."""
    if round(percent) == 0 and round(more) == 0:
        return "as at"
    return f"{signed(percent)} % and {_amount(abs(more), unit)} {unit} {'over' if more > 0 else 'under'}"


def _amount(size: float, unit: str) -> str:
    """Whole numbers; where these would say 0, and of a few ml, with a decimal."""
    if size < 0.05:
        return "less than 0.1"
    return wording.size(size) if size < (9.95 if unit == "ml" else 0.95) else exact(size)


def moved(change: float) -> str:
    """A change of risk in points; one that rounds to the limit of a need without reaching it has decimals."""
    points = exact(abs(100 * change), (RISEN_POINTS,))
    return wording.points(change) if "." not in points else f"{wording.sign_mark(change)}{points} points"


def by_sum(percent: float | None, more: float) -> bool:
    """Whether a sum alone says progression by RECIST 1.1: 20 % and 5 mm over the nadir [4.3.1]."""
    return percent is not None and percent >= 20 and more >= 5


def signed(percent: float) -> str:
    """A change with its sign, a true minus; what rounds to nothing has none."""
    return f"{wording.sign_mark(round(percent))}{exact(abs(percent))}"


def exact(number: float, limits: Sequence[float] = LIMITS) -> str:
    """A whole number, or with decimals where a rounded one would lie on the other side of a limit."""
    texts = [f"{number:.{digits}f}" for digits in (0, 1, 2, 3)]
    same = [text for text in texts if all((float(text) >= limit) == (number >= limit) for limit in limits)]
    return same[0] if same else texts[-1]


def many(count: int, noun: str) -> str:
    """`1 file`, `3 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
