"""Lines of therapy and treatments of one patient on one axis of time."""

import datetime as dt
from collections.abc import Iterator

import numpy as np
import pandas as pd

from dashboard.patient.case import PatientCase

Lane = tuple[dt.datetime | None, dt.datetime | None, str, bool]
"""From when to when (None: it goes on) what is given, and whether it is a line of therapy."""


def spans(case: PatientCase) -> pd.DataFrame:
    """Rows start, end (NaT: goes on), label, is_line, words: the lines by their baselines, then every treatment."""
    lanes = [*_lines(case), *_treatments(case)]
    starts, ends = (np.array([lane[end] for lane in lanes], dtype="datetime64[us]") for end in (0, 1))
    return pd.DataFrame(
        {
            "start": starts,
            "end": ends,
            "label": [name + (", goes on" if end is None else "") for _, end, name, _ in lanes],
            "is_line": [is_line for *_, is_line in lanes],
            "words": [_words(*lane) for lane in lanes],
        }
    )


def _lines(case: PatientCase) -> Iterator[Lane]:
    """Each line from its baseline to that of the next."""
    rows = case.questions.dropna(subset="baseline_at").drop_duplicates("line")
    starts = [case.chart.clock(at) for at in rows.baseline_at]
    ends = [*starts, case.chart.clock(case.died_at)][1:]
    for line, start, end in zip(rows.line, starts, ends, strict=True):
        yield start, end, f"Line {line} of therapy", True


def _treatments(case: PatientCase) -> Iterator[Lane]:
    """Death ends what goes on; what ends in days to come has not ended yet."""
    clock, rows = case.chart.clock, case.treatments
    for name, kind, start, until in zip(rows.name, rows.kind, rows.start_at, rows.end_at, strict=True):
        has_ended = not pd.isna(until) and until <= case.now
        yield clock(start), clock(until if has_ended else case.died_at), f"{name} ({kind})", False


def _words(start: dt.datetime | None, end: dt.datetime | None, name: str, _: bool) -> str:
    until = "today, goes on" if end is None else f"{end:%Y-%m-%d}"
    return f"{name} from {start:%Y-%m-%d} to {until}"


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """`spans` in words."""
    end = rows.end.dt.strftime("%Y-%m-%d").fillna("goes on")
    return pd.DataFrame({"What": rows.label, "From": rows.start.dt.strftime("%Y-%m-%d"), "To": end})
