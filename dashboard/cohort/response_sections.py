"""Sections of the page of a cohort on response: rates, best change, change over time."""

import pandas as pd
import streamlit as st

from dashboard.boxes.on_demand import closed_table
from dashboard.charts import Drawing
from dashboard.cohort import figures, frames, tables, words
from dashboard.cohort.rates import ORDER, not_evaluable
from dashboard.shared import Once
from dashboard.words.responses import titled

MOST_LINES = 40
"""Patients up to whom the lines of one figure are readable; more are shown by best response."""
ACROSS = 2
"""Figures beside each other."""


def rates(everyone: pd.DataFrame, based: pd.DataFrame, by: str, once: Once) -> None:
    """How many respond, with intervals; how many have each best response, and who is not evaluable, why."""
    st.subheader("How many respond?", anchor=False)
    st.dataframe(once("rates", lambda: tables.rates(based, by)), hide_index=True, key="rates")
    st.caption(
        "Objective response: complete or partial. Confirmed: seen again at least 28 days later. Disease control: also "
        "stable disease. Of all patients with a baseline scan; who is not evaluable counts as without response. "
        "In brackets: 95 % interval, exact (Clopper and Pearson)."
    )
    left, right = st.columns(2)
    left.dataframe(once("categories", lambda: tables.categories(based)), hide_index=True, key="categories")
    left.caption(
        "With confirmation: a response that was not seen again counts as stable disease, or, within 42 days of the "
        "baseline and the start of treatment, as progression where that followed and else as not evaluable."
    )
    reasons = [f"{words.patients(count)} not evaluable: {reason}" for reason, count in not_evaluable(everyone).items()]
    right.text("\n".join(reasons) or "Every patient could be evaluated.")


def shrinkage(based: pd.DataFrame, limits: words.Limits, once: Once) -> None:
    """The waterfall and its table."""
    st.subheader("How far did the tumours shrink?", anchor=False)
    frame = once("changes", lambda: frames.waterfall(based))
    if frame.empty:
        st.info("Of nobody a sum was measured both at the baseline and after it.", icon=":material/straighten:")
        return
    title = f"Best change of the {limits.of}"
    once("waterfall", lambda: figures.waterfall(frame, limits, title)).show("waterfall", title)
    without = len(based) - len(frame)
    st.caption(
        f"Up to the first progression: {words.patients(len(frame))}. "
        + (f"Without a sum at the baseline or after it, and not drawn: {without}. " if without else "")
        + f"Pale: response not confirmed. Star: new lesion. Dashed: {words.change(limits.response)}, a response, and "
        f"{words.change(limits.progression)}; progression is told from the smallest sum so far or by new lesions, so "
        "that a bar below that line may have progressed too. A click on a bar opens the patient."
    )
    closed_table("Table of best changes", "waterfall-table", lambda: tables.best_changes(frame))


def over_time(based: pd.DataFrame, visits: pd.DataFrame, limits: words.Limits, once: Once) -> None:
    """The spider, of many patients one for each best response, and its table."""
    st.subheader("How did they change over time?", anchor=False)
    points = once("visits", lambda: frames.spider(based, visits))
    drawn = once("spider", lambda: _drawn(points, limits))
    if not drawn:
        st.info("Of nobody there is a change yet.", icon=":material/straighten:")
        return
    for first in range(0, len(drawn), ACROSS):
        cells = st.columns(min(len(drawn), ACROSS))
        for cell, (name, title, chart) in zip(cells, drawn[first : first + ACROSS], strict=False):
            chart.show(f"spider-{name}", title, cell)
    st.caption(
        f"Change of the {limits.of} from the baseline. A line is open where not all targets were evaluated. "
        "Cross: first progression; star: first new lesion. Point at a line to see whose it is; a click opens it."
    )
    closed_table("Table of visits", "spider-table", lambda: tables.visits(points))


def _drawn(points: pd.DataFrame, limits: words.Limits) -> list[tuple[str, str, Drawing]]:
    """Name, title and figure of each part; none where all that is known are baselines."""
    if points.change.notna().sum() == points.patient_id.nunique():
        return []
    titles = [(name, f"{name}: {words.patients(of.patient_id.nunique())}", of) for name, of in _parts(points)]
    reach = float(points.month.max())
    return [(name, title, figures.spider(of, limits, title, reach)) for name, title, of in titles]


def _parts(points: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """All patients, or those with each best response of whom a change is known."""
    if points.patient_id.nunique() <= MOST_LINES:
        return [("All patients", points)]
    named = [(name, points[points.response == name]) for name in map(titled, ORDER)]
    return [(name, of) for name, of in named if (of.category.notna() & of.change.notna()).any()]
