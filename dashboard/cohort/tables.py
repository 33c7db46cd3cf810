"""The lines of a cohort as tables in words, and as CSV that no spreadsheet takes for formulas."""

import re
from collections.abc import Sequence

import pandas as pd

from dashboard.cohort import words
from dashboard.cohort.choices import TOGETHER
from dashboard.cohort.rates import CONTROL, OBJECTIVE, ORDER, category_counts, plain, share_of
from dashboard.words.responses import titled

FORMULA = re.compile(r"^\s*[=+\-@|%\t\r]")
"""How a cell of text begins that a spreadsheet may run."""


def rates(lines: pd.DataFrame, by: str) -> pd.DataFrame:
    """A row for each group of `lines`: patients, and the shares of those who respond, with intervals."""
    rows = [
        {"Group" if by == TOGETHER else by: group, **_rates(of_group)}
        for group, of_group in lines.groupby("group", sort=True)
    ]
    return pd.DataFrame(rows)


def _rates(lines: pd.DataFrame) -> dict[str, object]:
    best, confirmed = (lines[name].fillna("NE") for name in ("best_response", "confirmed_response"))
    return {
        "Patients": len(lines),
        "Objective response": words.share(share_of(best, OBJECTIVE)),
        "Confirmed": words.share(share_of(confirmed, OBJECTIVE)),
        "Disease control": words.share(share_of(best, CONTROL)),
    }


def categories(lines: pd.DataFrame) -> pd.DataFrame:
    """How many patients have each best response, without and with confirmation."""
    columns = {
        "Best response": [titled(category) for category in ORDER],
        "Patients": list(category_counts(lines.best_response).values()),
        "With confirmation": list(category_counts(lines.confirmed_response).values()),
    }
    table = pd.DataFrame(columns)
    return table[(table["Patients"] > 0) | (table["With confirmation"] > 0)]


def best_changes(bars: pd.DataFrame) -> pd.DataFrame:
    """A row for each bar of a waterfall (`frames.waterfall`)."""
    columns = {
        "Patient": bars.patient_id,
        "Best change (%)": bars.change.round(1),
        "Best response": bars.response,
        "Confirmed": [
            "" if best not in OBJECTIVE else "yes" if sure else "no"
            for best, sure in zip(bars.best, bars.sure, strict=True)
        ],
        "New lesion": ["yes" if new else "" for new in bars.new],
    }
    return pd.DataFrame(columns)


def patients(lines: pd.DataFrame) -> pd.DataFrame:
    """A row for each patient of `lines` (as `frames.prepared`), days as months; what is not known is empty."""
    columns = {
        "Patient": lines.patient_id,
        "Page": lines.url,
        "Trial": lines.trial.fillna(""),
        "Arm": lines.arm.fillna(""),
        "Disease": lines.disease,
        "Line": lines.line,
        "Baseline": [f"{at:%Y-%m-%d}" if pd.notna(at) else "" for at in lines.baseline_at],
        "Scans after it": lines.visits,
        "Best change (%)": lines.best_change.round(1),
        "Best response": lines.response,
        "With confirmation": [titled(category) for category in plain(lines.confirmed_response)],
        "First response (months)": _months(lines.response_day),
        "Progression (months)": _months(lines.progression_day),
        "Death (months)": _months(lines.death_day),
        "Last evaluated (months)": _months(lines.adequate_day),
        "Last known alive (months)": _months(lines.alive_day),
        "Why not evaluable": lines.not_evaluable.fillna(""),
    }
    return pd.DataFrame(columns)


def visits(points: pd.DataFrame) -> pd.DataFrame:
    """A row for each visit of `points` (as `frames.spider`)."""
    columns = {
        "Patient": points.patient_id,
        "Day": points.on_day,
        "Months": points.month.round(1),
        "Change from baseline (%)": points.change.round(1),
        "Change from smallest sum (%)": points.percent_from_nadir.round(1),
        "Verdict": points.verdict,
        "New lesions": points.new_lesions,
    }
    return pd.DataFrame(columns)


def boxes(parts: Sequence[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    """A row for each box of each part (name, windows of `many.course`)."""
    return pd.concat([_boxes(name, rows) for name, rows in parts], ignore_index=True)


def _boxes(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    columns = {
        "Best response": name,
        "From month": rows.start,
        "to": rows.end,
        "Patients": rows.patients,
        "First progression or new lesion": rows.progressed,
        "Median (%)": rows.middle.round(1),
        "Half from (%)": rows.quarter.round(1),
        "half to (%)": rows.three_quarters.round(1),
        "Eight in ten from (%)": rows.tenth.round(1),
        "eight in ten to (%)": rows.nine_tenths.round(1),
    }
    return pd.DataFrame(columns)


def curve(curves: pd.DataFrame, share: str) -> pd.DataFrame:
    """The steps of survival curves; `share` names what people are until the event."""
    columns = {
        "Group": curves.group,
        "Months": curves.month.round(1),
        "At risk": curves.at_risk,
        "Events": curves.events,
        "Last seen": curves.censored,
        f"{share.capitalize()} (%)": (100 * curves.survival).round(1),
        "95 % from": (100 * curves.low).round(1),
        "to": (100 * curves.high).round(1),
    }
    return pd.DataFrame(columns)


def harmless_csv(table: pd.DataFrame) -> str:
    """`table` as CSV; a text that a spreadsheet may take for a formula begins with an apostrophe."""
    text = table.select_dtypes(["object", "string"]).columns
    safe = table.assign(**{name: table[name].map(_harmless) for name in text})
    return str(safe.to_csv(index=False))


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


def _months(days: pd.Series) -> pd.Series:
    return (days / words.DAYS_A_MONTH).round(1)
