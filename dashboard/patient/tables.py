"""The tables of a patient's page in words, and the files of its data."""

import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterator

import pandas as pd

from dashboard import ranking, wording
from dashboard.patient import story
from dashboard.patient.case import PatientCase
from dashboard.patient.verdicts import signed, size
from dashboard.words.responses import called
from stream.vocabulary import Role

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would take for a formula."""
FILES = {
    "response": "verdicts",
    "endpoint_status": "questions",
    "visit": "visits",
    "lesion": "lesions",
    "trajectory": "values",
    "risk_history": "history",
    "size_forecast": "sizes",
    "response_probability": "responses",
    "treatments": "treatments",
    "scan_status": "scans",
    "unused": "unused",
    "key_slice": "key_slices",
    "tumour_presence": "presence",
    "growth_map": "growth",
}
"""Files, named like the views whose columns they have."""


def verdict_table(case: PatientCase) -> pd.DataFrame:
    """A row per visit, line and criterion, the newest first: verdict, sum and how far it is from its references."""
    rows = case.verdicts.sort_values(["acquired_at", "line"], ascending=False, kind="stable")
    return pd.DataFrame(
        {
            "Visit": [f"{case.day(at)}" for at in rows.acquired_at],
            "Line": rows.line,
            "Criterion": rows.criterion,
            "Verdict": [_verdict(row) for _, row in rows.iterrows()],
            "Sum": [_size(row.sum_of_diameters, row.criterion) for _, row in rows.iterrows()],
            "From baseline": [_change(value) for value in rows.percent_from_baseline],
            "From smallest sum": [_change(value) for value in rows.percent_from_nadir],
            "Smallest sum before": [_nadir(row, case) for _, row in rows.iterrows()],
            "New lesions": rows.new_lesions,
            "Best so far": ["" if each is None else called(each) for each in rows.best_overall],
        }
    )


def _verdict(row: pd.Series) -> str:
    return f"{called(row.category)}{' (confirms)' if row.confirmed else ''}"


def _size(value: float, criterion: str) -> str:
    return "not complete" if pd.isna(value) else f"{size(value)} {wording.sum_unit(criterion)}"


def _change(percent: float) -> str:
    return "" if pd.isna(percent) else f"{signed(percent)} %"


def _nadir(row: pd.Series, case: PatientCase) -> str:
    if pd.isna(row.nadir_at) or pd.isna(row.nadir_sum):
        return ""
    return f"{_size(row.nadir_sum, row.criterion)} on {case.day(row.nadir_at)}"


def value_table(frame: pd.DataFrame) -> pd.DataFrame:
    """A row per day, a column per series of `frame` (at, series, value); empty where it was not measured."""
    days = frame.assign(Day=frame["at"].dt.strftime("%Y-%m-%d"))
    wide = days.pivot_table(index="Day", columns="series", values="value", aggfunc="last", sort=False).sort_index()
    return wide.map(lambda value: "" if pd.isna(value) else f"{value:g}").reset_index()


def fact_table(case: PatientCase) -> pd.DataFrame:
    """Clinical facts by name, as the latest visit has them."""
    facts = case.facts.clinical.iloc[-1] if len(case.facts) else {}
    disease = {} if case.facts.empty else {"disease": case.facts.disease.iloc[-1]}
    rows = sorted({**facts, **disease}.items())
    return pd.DataFrame([(name.replace("_", " "), str(value)) for name, value in rows], columns=["Fact", "Value"])


def forecast_table(case: PatientCase) -> pd.DataFrame:
    """Everything ever forecast of this patient, the newest first, with why it no longer stands."""
    rows = case.history.sort_values(["acquired_at", "computed_at"], ascending=False, kind="stable")
    return pd.DataFrame(
        {
            "Scan of": [f"{case.day(at)}" for at in rows.acquired_at],
            "Forecast": [wording.forecast(*kind) for kind in ranking.kinds(rows)],
            "Risk": [wording.percent(risk) for risk in rows.risk],
            "90 % interval": [wording.interval(*pair) for pair in zip(rows.risk_low, rows.risk_high, strict=True)],
            "Shown from": [wording.moment(at, case.zone) for at in rows.computed_at],
            "Until": ["it stands" if pd.isna(at) else wording.moment(at, case.zone) for at in rows.superseded_at],
            "Because": [wording.SUPERSEDED.get(word, word) if word else "" for word in rows.superseded_because],
            "Said by": [_said_by(row) for _, row in rows.iterrows()],
        },
        index=rows.superseded_at.notna(),
    )


def _said_by(row: pd.Series) -> str:
    beside = "" if row.role == Role.LEAD else ", which did not lead"
    return wording.said_by(row.model, row.weights_version) + beside


def csv_files(case: PatientCase) -> Iterator[tuple[str, str]]:
    """Name and text of a file for the summary and for each table, with the columns of its view."""
    sentences = pd.DataFrame({"patient_id": case.patient, "sentence": story.summary(case)})
    yield f"{case.patient}-summary.csv", as_csv(sentences)
    for view, name in FILES.items():
        yield f"{case.patient}-{view}.csv", as_csv(getattr(case, name))


def zipped(case: PatientCase) -> bytes:
    """All files in one."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in csv_files(case):
            archive.writestr(name, text)
    return packed.getvalue()


def as_csv(frame: pd.DataFrame) -> str:
    """A table as CSV with times in ISO form; no cell of it starts a formula in a spreadsheet."""
    text: str = frame.map(_cell).to_csv(index=False, lineterminator="\r\n")
    return text


def _cell(value: object) -> object:
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, dt.datetime):
        return "" if pd.isna(value) else value.isoformat()
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
