"""Sections of the page of models on risks: whether they mean what they say, for whom, and whose are better."""

import pandas as pd
import streamlit as st

from dashboard import charts, wording
from dashboard.boxes.on_demand import told_table
from dashboard.cohort.choices import NOT_NAMED
from dashboard.cohort.tables import harmless_csv
from dashboard.cohort.words import patients
from dashboard.html_table import html_table
from dashboard.model import figures, tables
from dashboard.model.choices import SPLITS, TOGETHER, ModelChoice
from dashboard.model.measures import Figures, calibration
from dashboard.model.measures import figures as measured
from dashboard.shared import Once

MOST_GROUPS = 24
"""Rows of a table of groups; of months the latest."""
ENTERED = "The event is that of an outcome that was entered."
EVENTS = {
    "progression": "The event is progression by RECIST 1.1 in the same line of therapy, or an outcome entered.",
    "objective_response": "The event is a response by RECIST 1.1 in the same line of therapy, or an outcome entered.",
}
LATE = "computed when it was known already, as where a history comes as a whole: the command evaluate judges histories."
MEASURES = (
    "AUC: how often the one with the event had the higher risk; 0.5 is chance. Observed / expected: 1 is right, below "
    "1 risks are too high, above 1 too low. Error: mean squared error, smaller is better; the same risk for everybody "
    "is what knowing only the share with the event would give. In brackets: 95 % interval, by drawing patients again. "
    "Who was not followed until the horizon counts as those who were (weights by Kaplan and Meier). A patient whose "
    "earlier scan was not followed by the event in time, and whose later one was, counts in both columns."
)


def made(rows: pd.DataFrame, choice: ModelChoice, once: Once) -> None:
    """All figures that take long, before somebody waits for them."""
    before = made_before(rows)
    lead = before[before.role == "lead"]
    if not lead.empty:
        _figures_of_all(before, choice, once)
        _figures_of_groups(lead, choice, once)


def made_before(rows: pd.DataFrame) -> pd.DataFrame:
    """Forecasts that were made before it was known what followed: those that count."""
    return rows[rows.made_before.astype(bool)]


def counted(rows: pd.DataFrame, choice: ModelChoice) -> pd.DataFrame:
    """The forecasts that count, and in a sentence how many these are; the others are told and left out."""
    before = made_before(rows)
    lead = before[before.role == "lead"]
    late = int((rows.role == "lead").sum()) - len(lead)
    left_out = f" Left out: {wording.counted(late, 'forecast')} {LATE}" if late else ""
    st.caption(
        f"{choice.question}: {wording.counted(len(lead), 'forecast')} of {patients(lead.patient_id.nunique())} made "
        f"before the service knew what followed. {EVENTS.get(choice.question.endpoint, ENTERED)}{left_out}"
    )
    return before


def calibrated(lead: pd.DataFrame, choice: ModelChoice, once: Once) -> None:
    """The calibration chart and its table, or that it is too early."""
    st.subheader("Do its risks mean what they say?", anchor=False)
    found = _figures_of_lead(lead, choice, once)
    if found.ratio is None:
        _too_few(found)
        return
    groups = once("groups", lambda: calibration(lead, choice.question.horizon_days))
    st.text(_level(found))
    title = f"Calibration: {choice.question}"
    chart = once("calibration", lambda: charts.calibration(groups.assign(words=tables.words(groups)), title))
    chart.show("calibration", title)
    st.caption(
        "Groups of similar risk: to the right the mean forecast, upwards the share observed; on the dashed line risks "
        "mean what they say. Intervals: 95 %, exact (Clopper and Pearson); forecasts of one patient count as one."
    )
    told_table("Table of calibration", "calibration", lambda: tables.calibration(groups))


def _level(found: Figures) -> str:
    """Whether risks are too high or too low on the whole, in a sentence."""
    assert found.ratio is not None
    _, low, high = found.ratio
    said = "too low" if low > 1 else "too high" if high < 1 else "neither clearly too high nor clearly too low"
    return f"On the whole its risks are {said}: observed / expected {tables.estimate(found.ratio, 2)}."


def _too_few(found: Figures) -> None:
    st.info(
        f"{tables.TOO_FEW} So far: {patients(found.came)} with the event, {found.stayed} without it "
        "(by different scans a patient may be both).",
        icon=":material/hourglass_empty:",
    )


def compared(before: pd.DataFrame, choice: ModelChoice, once: Once) -> None:
    """Every set of weights that forecast it, the leading ones first."""
    st.subheader("Does it tell apart who has the event, and would others do better?", anchor=False)
    if before.empty:
        _too_few(measured(before, choice.question.horizon_days))
        return
    _order(_figures_of_lead(before[before.role == "lead"], choice, once))
    rows = _figures_of_all(before, choice, once)
    st.html(html_table(tables.judged(rows, "Weights"), "Weights on the same question"))
    st.caption(
        f"{MEASURES} Each row is of the forecasts that these weights made, which may be of other patients; the command "
        "model compare takes the same visits of both. Simple models do not run here: the cards below have them."
    )


def _figures_of_lead(lead: pd.DataFrame, choice: ModelChoice, once: Once) -> Figures:
    return once("figures of the lead", lambda: measured(lead, choice.question.horizon_days))


def _figures_of_all(before: pd.DataFrame, choice: ModelChoice, once: Once) -> dict[str, Figures]:
    lead = before[before.role == "lead"]
    of_lead = _figures_of_lead(lead, choice, once)
    return once("figures of all weights", lambda: _of_weights(before, len(lead), of_lead, choice.question.horizon_days))


def _of_weights(before: pd.DataFrame, leading: int, of_lead: Figures, horizon_days: int | None) -> dict[str, Figures]:
    """By weights; those that made all of the `leading` forecasts have the figures of the lead, found already."""
    groups = before.groupby(["role", "model", "weights_version"], sort=True)
    return {
        f"{wording.said_by(model, version)} ({tables.ROLES[role]})": of_lead
        if role == "lead" and len(each) == leading
        else measured(each, horizon_days)
        for (role, model, version), each in groups
    }


def _order(found: Figures) -> None:
    """What the AUC of the leading weights says, in a sentence."""
    if found.auc is None:
        return
    share, low, high = (f"{100 * number:.0f}" for number in found.auc)
    chance = " That cannot be told from chance." if found.auc.low <= 0.5 else ""
    st.text(
        f"Of two patients of whom one had the event in time and the other had not, the first had the higher risk in "
        f"{share} of 100 cases (95 % interval {low} to {high}).{chance}"
    )


def split(lead: pd.DataFrame, choice: ModelChoice, once: Once) -> None:
    """The same by month, number of the scan, line or group of patients, where that was chosen."""
    if choice.split == TOGETHER or lead.empty:
        return
    st.subheader(f"Is it as good for everybody and at all times? By {choice.split.lower()}", anchor=False)
    rows = _figures_of_groups(lead, choice, once)
    shown = [(name, each.ratio) for name, each in rows.items() if each.ratio is not None and each.ratio.low > 0]
    if shown:
        title = f"Observed / expected by {choice.split.lower()}"
        frame = pd.DataFrame([(name, *ratio) for name, ratio in shown], columns=["group", "ratio", "low", "high"])
        told = [f"{name}: {tables.estimate(ratio, 2)}" for name, ratio in shown]
        figures.ratios(frame.assign(words=told), title).show("ratios", title)
    st.html(html_table(tables.judged(rows, choice.split), f"By {choice.split.lower()}"))
    if not shown:
        st.caption(tables.TOO_FEW)


def _figures_of_groups(lead: pd.DataFrame, choice: ModelChoice, once: Once) -> dict[str, Figures]:
    if choice.split == TOGETHER:
        return {}
    return once("figures of groups", lambda: _of_groups(lead, choice))


def _of_groups(lead: pd.DataFrame, choice: ModelChoice) -> dict[str, Figures]:
    names = lead[SPLITS[choice.split]].map(lambda value: NOT_NAMED if pd.isna(value) else _name(value))
    groups = list(lead.groupby(names, sort=False))
    groups.sort(key=lambda group: group[1][SPLITS[choice.split]].astype(object).iloc[0] or "")
    return {str(name): measured(each, choice.question.horizon_days) for name, each in groups[-MOST_GROUPS:]}


def _name(value: object) -> str:
    return f"{value:%Y-%m}" if hasattr(value, "strftime") else str(value)


def download(before: pd.DataFrame) -> None:
    """Each forecast with what followed, as CSV."""
    if before.empty:
        return
    st.download_button(
        "Forecasts and what followed as CSV",
        lambda: harmless_csv(before.drop(columns="made_before")),
        "forecasts.csv",
        "text/csv",
        key="csv",
        icon=":material/download:",
        on_click="ignore",
    )
