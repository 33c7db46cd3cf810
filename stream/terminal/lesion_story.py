"""Lesions as a person reads them: one paragraph each, sizes visit by visit, and what is not sure."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.criteria.finding import is_stand_in
from stream.errors import AnswerIsNo, WrongUse
from stream.terminal.days import PatientDays

Row = Mapping[str, Any]

SHORTEST_ENDING = 4
ROLES = {"target": "target", "non_target": "non-target", "new": "new"}
STATES = {"gone": "gone", "too_small": "too small", "present": "present", "not_evaluated": "not evaluated"}


def told(rows: Sequence[Row], days: PatientDays) -> list[str]:
    """`rows` of the view lesion that stand, in the order of the timeline."""
    if not rows:
        return ["No visit of this patient speaks of lesions yet."]
    ids = list(dict.fromkeys(row["lesion_id"] for row in rows))
    by_lesion = ([row for row in rows if row["lesion_id"] == lesion_id] for lesion_id in ids)
    return [line for of_lesion in by_lesion for line in _lesion(of_lesion, rows, days)]


def lesion_named(rows: Sequence[Row], text: str) -> str:
    """The name under which scans speak of the lesion that a person calls `text`: a label or an ending of it.

    Raises AnswerIsNo where there is none, WrongUse where there are several.
    """
    found = {_name(row): row["lesion_id"] for row in rows if _is_called(row, text)}
    if not found:
        raise AnswerIsNo(f"No lesion of this patient is called {text}: see scanstream lesions PATIENT.")
    if len(found) > 1 and len(set(found.values())) > 1:
        endings = ", ".join(sorted(name[-6:] for name in found))
        raise WrongUse(f"{text} is the name of several lesions: name one by its last digits ({endings}).")
    return next((name for name, lesion_id in found.items() if name == lesion_id), min(found))


def _name(row: Row) -> str:
    """As scans say it; one that a person told begins anew has a name of its own."""
    lesion_id, uid = str(row["lesion_id"]), str(row["lesion_uid"])
    return lesion_id if lesion_id.startswith(f"{uid}/") else uid


def _is_called(row: Row, text: str) -> bool:
    ending = len(text) >= SHORTEST_ENDING and _name(row).endswith(text)
    return ending or text == row["lesion_id"] or (row["lesion_label"] or "").casefold() == text.casefold()


def _lesion(rows: Sequence[Row], every: Sequence[Row], days: PatientDays) -> list[str]:
    last = rows[-1]
    where = ", ".join(filter(None, [last["organ"], "lymph node" if last["node"] else ""]))
    role = ROLES.get(last["role"] or "", "counts as none")
    lines = [f"{_label(rows)} ({last['lesion_id'][-6:]}): {role}{where and f', {where}'}"]
    lines += [f"  {days.of(row['patient_id'], row['acquired_at'])}  {_said(row)}{_known_by(row)}" for row in rows]
    lines += [_perhaps(row, every) for row in rows if row["perhaps"]]
    return lines


def _label(rows: Sequence[Row]) -> str:
    """The last label of a lesion; what stands in for one only where it has no other."""
    labels = [row["lesion_label"] for row in rows if row["lesion_label"]]
    real = [label for label in labels if not is_stand_in(label)]
    return str((real or labels or ["without a label"])[-1])


def _said(row: Row) -> str:
    return f"{_size(row)}, unequivocal progression" if row["progressed"] else _size(row)


def _size(row: Row) -> str:
    if row["state"] != "measured":
        return STATES[row["state"]]
    axes = [(row["long_axis_mm"], "mm long"), (row["short_axis_mm"], "mm short")]
    across = " × ".join(_value(value, unit) for value, unit in axes if value is not None)
    volume = "" if row["volume_ml"] is None else _value(row["volume_ml"], "ml")
    return ", ".join(filter(None, [across, volume]))


def _value(value: float, unit: str) -> str:
    return f"{round(value, 2):g} {unit}"


def _known_by(row: Row) -> str:
    """How it is known to be this lesion, where a tracking UID does not say so."""
    if row["score"] == 1.0 and row["evidence"] == "tracking":
        return ""
    name = f", there {row['lesion_label']} ({_name(row)[-6:]})" if row["lesion_uid"] != row["lesion_id"] else ""
    return f"  (by {row['evidence']}, score {row['score']:.2f}{name})"


def _perhaps(row: Row, every: Sequence[Row]) -> str:
    other = next((each for each in every if each["lesion_id"] == row["perhaps"]), None)
    label = other["lesion_label"] if other else ""
    return f"  ? perhaps {label} ({row['perhaps'][-6:]}): link or unlink them"
