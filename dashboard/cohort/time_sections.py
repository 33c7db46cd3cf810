"""Sections of the page of a cohort on time: survival, what happened to each patient, and who they are."""

import pandas as pd
import streamlit as st

from dashboard.boxes.on_demand import closed_table
from dashboard.charts import Drawing
from dashboard.cohort import figures, frames, tables, words
from dashboard.cohort.saving import offer_svg
from dashboard.cohort.survival import FEWEST, kaplan_meier, median
from dashboard.cohort.swimmer import MOST_LANES, swimmer
from dashboard.queries import ViewReader
from dashboard.shared import Once

ROWS_PER_PAGE = 50
COLUMNS = {"Page": st.column_config.LinkColumn("Page", display_text="open", width=70)}


def lasting(based: pd.DataFrame, once: Once) -> None:
    """Kaplan and Meier's curves of one of three times, their medians and their table."""
    st.subheader("How long does it last?", anchor=False)
    titles = {timing.title: timing for timing in words.TIMINGS}
    chosen = st.segmented_control(
        "Time",
        list(titles),
        key="time",
        default=words.PROGRESSION_FREE.title,
        required=True,
        label_visibility="collapsed",
    )
    timing = titles.get(chosen or "", words.PROGRESSION_FREE)
    followed = frames.followed_for(based, timing)
    if timing is words.OVERALL and not followed.os_event.any():
        st.info("No death is known: `outcomes.csv` with the endpoint death brings them.", icon=":material/event_busy:")
        return
    curves = once(f"curves, {timing.title}", lambda: frames.survival(followed, timing))
    st.text(once(f"medians, {timing.title}", lambda: _all_told(followed, timing)) or words.TOO_FEW)
    if curves.empty:
        return
    title = f"{timing.title} (%)"
    chart = once(
        title, lambda: figures.survival(curves, frames.risk_table(followed, curves, timing), title, timing.since)
    )
    chart.show("survival", f"{timing.title} by time since {timing.since}")
    st.caption(
        f"Share of patients {timing.until}, by Kaplan and Meier, from {timing.since} to {timing.ends}. Tick: a patient "
        f"who had not, counted until then ({timing.censored}). Band and intervals: 95 %, log-log."
    )
    offer_svg(chart, timing.title)
    closed_table("Table of the curve", "survival-table", lambda: tables.curve(curves, timing.until))


def _all_told(lines: pd.DataFrame, timing: words.Timing) -> str:
    return "\n".join(_told(group, of, timing) for group, of in lines.groupby("group", sort=True))


def _told(group: str, lines: pd.DataFrame, timing: words.Timing) -> str:
    """How many had the event, and the median, in a sentence."""
    days, event = frames.times(lines, timing)
    without = len(event) - sum(event)
    counts = f"{group}: {words.patients(len(lines))}, {sum(event):,} {timing.ended}, {without:,} had not when last seen"
    if len(lines) < FEWEST:
        return f"{counts}. {words.TOO_FEW}"
    return f"{counts}. Median {words.median(median(kaplan_meier(days, event)))}."


def each(based: pd.DataFrame, source: ViewReader, once: Once) -> None:
    """Lanes of the patients, some at a time."""
    st.subheader("What happened to each patient?", anchor=False)
    lanes = once("lanes", lambda: frames.lanes(based))
    if lanes.empty:
        return
    pages = -(-len(lanes) // MOST_LANES)
    number = st.pagination(pages, key="lanes", max_visible_pages=9) if pages > 1 else 1
    shown = lanes.iloc[(number - 1) * MOST_LANES : number * MOST_LANES]
    reach = 1.04 * float(lanes.end.max())
    title = f"{len(shown)} of {words.patients(len(lanes))}, longest first"
    drawing = once(f"lanes, page {number}", lambda: _swimmer(shown, source, title, reach))
    drawing.show("swimmer", title)
    st.caption(
        "From the baseline scan to the last scan of the line, or to death. Colour: best response; dark bar: treatment "
        "(point at it for its name). A click on a lane opens the patient. The table below has every patient."
    )
    offer_svg(drawing, "swimmer")


def _swimmer(lanes: pd.DataFrame, source: ViewReader, title: str, reach: float) -> Drawing:
    given = frames.given(lanes, source.given(list(lanes.patient_id)))
    return swimmer(lanes, frames.lane_marks(lanes), given, title, reach)


def who(everyone: pd.DataFrame) -> None:
    """The table of all patients, some at a time, and its CSV with all of them."""
    st.subheader("Who is in it?", anchor=False)
    pages = -(-len(everyone) // ROWS_PER_PAGE)
    number = st.pagination(pages, key="who", max_visible_pages=9) if pages > 1 else 1
    shown = everyone.iloc[(number - 1) * ROWS_PER_PAGE : number * ROWS_PER_PAGE]
    st.dataframe(tables.patients(shown), hide_index=True, key="patients", column_config=COLUMNS, placeholder="")
    st.download_button(
        "Table as CSV",
        lambda: tables.harmless_csv(tables.patients(everyone).drop(columns="Page")),
        "cohort.csv",
        "text/csv",
        key="csv",
        icon=":material/download:",
        on_click="ignore",
    )
