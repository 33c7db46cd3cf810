"""Sections of the page of a cohort on response: rates, best change, change over time."""

import pandas as pd
import streamlit as st

from dashboard.boxes.on_demand import closed_table, told_table
from dashboard.charts import Drawing
from dashboard.cohort import figures, frames, many, many_figures, tables, words
from dashboard.cohort.many import MOST_MARKS
from dashboard.cohort.rates import ORDER, not_evaluable
from dashboard.cohort.saving import offer_svg
from dashboard.html_table import html_table
from dashboard.shared import Once
from dashboard.words.responses import titled

MOST_LINES = 40
"""Patients up to whom the lines of one figure are readable; more are shown by best response."""
ACROSS = 2
"""Figures beside each other."""
COUNTED = f"Each bar counts the patients within {many.BIN:.0f} %; one beyond {words.change(many.LARGEST)} all of more."
FEWER = f"Of up to {MOST_MARKS} patients each has a bar of its own: choose a trial or an arm above."
LINES = (
    "A line is open where not all targets were evaluated. Cross: first progression; star: first new lesion. Point at a "
    "line to see whose it is; a click opens it."
)
BOXES = (
    "Each box holds half of the patients with a visit in these months, its line eight in ten, the dark bar is the "
    "median; above it how many patients. Of a patient's visits in these months the last one with all targets evaluated "
    "counts. Who is no longer followed is in no later box. "
    f"Of up to {MOST_MARKS} patients each has a line of its own."
)


def rates(everyone: pd.DataFrame, based: pd.DataFrame, by: str, once: Once) -> None:
    """How many respond, with intervals; how many have each best response, and who is not evaluable, why."""
    st.subheader("How many respond?", anchor=False)
    st.html(html_table(once("rates", lambda: tables.rates(based, by)), "Response rates"))
    st.caption(
        "Objective response: complete or partial. Confirmed: seen again at least 28 days later. Disease control: also "
        "stable disease. Of all patients with a baseline scan; who is not evaluable counts as without response. "
        "In brackets: 95 % interval, exact (Clopper and Pearson)."
    )
    left, right = st.columns(2)
    left.html(html_table(once("categories", lambda: tables.categories(based)), "Best responses"))
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
    is_many = len(frame) > MOST_MARKS
    drawing = once("waterfall", lambda: _changes(frame, limits, title, is_many))
    drawing.show("waterfall", title)
    without = len(based) - len(frame)
    st.caption(
        f"Up to the first progression: {words.patients(len(frame))}. "
        + (f"Without a sum at the baseline or after it, and not drawn: {without:,}. " if without else "")
        + f"Pale: response not confirmed. {COUNTED if is_many else 'Star: new lesion.'} "
        f"Dashed: {words.change(limits.response)}, a response, and "
        f"{words.change(limits.progression)}; progression is told from the smallest sum so far or by new lesions, so "
        f"that {'patients' if is_many else 'a bar'} below that line may have progressed too. "
        + (FEWER if is_many else "A click on a bar opens the patient.")
    )
    offer_svg(drawing, "waterfall")
    closed_table("Table of best changes", "waterfall-table", lambda: tables.best_changes(frame))


def _changes(frame: pd.DataFrame, limits: words.Limits, title: str, is_many: bool) -> Drawing:
    """A bar for each patient, or how many patients have each change."""
    if is_many:
        return many_figures.distribution(many.counted_changes(frame), limits, title)
    return figures.waterfall(frame, limits, title)


def over_time(based: pd.DataFrame, visits: pd.DataFrame, limits: words.Limits, once: Once) -> None:
    """The spider, of many patients one for each best response, of more boxes, and its table."""
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
            offer_svg(chart, f"spider-{name}", cell)
    st.caption(f"Change of the {limits.of} from the baseline. {BOXES if _is_many(points) else LINES}")
    if _is_many(points):
        told_table("Table of the boxes", "boxes-table", lambda: _boxes(points))
    closed_table("Table of visits", "spider-table", lambda: tables.visits(points))


def _drawn(points: pd.DataFrame, limits: words.Limits) -> list[tuple[str, str, Drawing]]:
    """Name, title and figure of each part; none where all that is known are baselines."""
    if points.change.notna().sum() == points.patient_id.nunique():
        return []
    titles = [(name, f"{name}: {words.patients(of.patient_id.nunique())}", of) for name, of in _parts(points)]
    reach, months = float(points.month.max()), many.months_of_box(points) if _is_many(points) else None
    return [(name, title, _course(of, limits, title, reach, months)) for name, title, of in titles]


def _course(points: pd.DataFrame, limits: words.Limits, title: str, reach: float, months: int | None) -> Drawing:
    """A line for each patient, or a box for the patients of so many `months`."""
    if months is not None:
        windows, few = many.course(points, months)
        return many_figures.boxes(windows, few, limits, title, many.last_month(reach, months))
    return figures.spider(frames.told(points), limits, title, reach)


def _boxes(points: pd.DataFrame) -> pd.DataFrame:
    months = many.months_of_box(points)
    return tables.boxes([(name, many.course(of, months)[0]) for name, of in _parts(points)])


def _is_many(points: pd.DataFrame) -> bool:
    return int(points.patient_id.nunique()) > MOST_MARKS


def _parts(points: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """All patients, or those with each best response of whom a change is known."""
    if points.patient_id.nunique() <= MOST_LINES:
        return [("All patients", points)]
    named = [(name, points[points.response == name]) for name in map(titled, ORDER)]
    return [(name, of) for name, of in named if (of.category.notna() & of.change.notna()).any()]
