"""Parts of a patient's page that are asked for or looked up: cards, files, lists, another day."""

import datetime as dt
from typing import Literal

import pandas as pd
import streamlit as st

from dashboard import tables as common
from dashboard import wording
from dashboard.boxes.on_demand import on_demand
from dashboard.html_table import html_table
from dashboard.patient import tables
from dashboard.patient.board_page import board_page
from dashboard.patient.case import PatientCase
from dashboard.patient.encoded import encoded
from dashboard.patient.growth import latest_growth
from dashboard.patient.key_slices import latest_key_slices
from dashboard.patient.verdicts import written
from dashboard.patient.waiting import causes
from dashboard.queries import reader
from dashboard.rows import ForecastCard, rows_of

COLOURS: dict[wording.Trend, Literal["orange", "blue", "gray"]]
COLOURS = {"worse": "orange", "better": "blue", "unchanged": "gray"}
CARD_PX, LETTER_PX = 315, 8
"""Four cards beside each other on a wide screen, and no word cut on a small one."""


def past_banner(case: PatientCase) -> None:
    """That the page shows another day, what that leaves out, and the way back."""
    st.warning(
        f"This is what was known at the end of {written(case.day(case.now))}: scans, corrections and forecasts "
        "that came later are left out. Treatments, clinical facts, how far a scan has come and what an encoder saw of "
        "it are as known today.",
        icon=":material/history:",
    )
    _back_to_today()


def nothing_then(case: PatientCase) -> None:
    """That nothing had come by the day that is asked for."""
    st.title(case.patient, anchor=False)
    day = written(case.now.astimezone(case.zone).date())
    st.info(f"By the end of {day} nothing had arrived under this pseudonym.", icon=":material/history:")
    _back_to_today()


def merged(case: PatientCase, into: str, at: pd.Timestamp) -> None:
    """That this patient was found to be another one, where all of it counts now, and what was said until then."""
    st.page_link("views/worklist.py", label="Worklist", icon=":material/arrow_back:")
    st.title(case.patient, anchor=False)
    told = f"Two records of one person: since {written(case.day(at))} all that came under this pseudonym counts with"
    st.info(f"{told} {into}.", icon=":material/call_merge:")
    other = {"patient": into}
    st.page_link("views/patient.py", label=f"To {into}", icon=":material/arrow_forward:", query_params=other)
    rest(case)


def only_waiting(case: PatientCase) -> None:
    """Of a patient of whom nothing counts, because all that came was set aside: why, and where that is decided."""
    st.page_link("views/worklist.py", label="Worklist", icon=":material/arrow_back:")
    st.title(case.patient, anchor=False)
    if case.past:
        past_banner(case)
    st.info("Nothing of this patient counts yet: what came was set aside.", icon=":material/front_hand:")
    st.subheader("What waits for a decision?", anchor=False)
    for item, title, reason, cure in causes(case):
        with st.container(key=f"row-{item}"):
            st.markdown(f"**{title}**")
            st.text(reason)
            st.caption(cure)
            to = {"item": item}
            st.page_link("views/pipeline.py", label="Decide on Pipeline", icon=":material/rule:", query_params=to)


def _back_to_today() -> None:
    st.button("Back to today", key="today", on_click=_to_day, args=(None,), icon=":material/today:")


def _to_day(day: dt.date | None) -> None:
    if day is None:
        st.query_params.pop("as_of", None)
    else:
        st.query_params["as_of"] = day.isoformat()


def _choose_day() -> None:
    _to_day(st.session_state.as_of)


def downloads(case: PatientCase) -> None:
    """The page for the tumour board and the data, made when they are asked for."""
    with st.container(horizontal=True, key="downloads"):
        st.download_button(
            "One page for the tumour board (PDF)",
            lambda: _board_page(case),
            f"{case.patient}.pdf",
            "application/pdf",
            key="pdf",
            on_click="ignore",
            icon=":material/picture_as_pdf:",
        )
        st.download_button(
            "All tables (CSV)",
            lambda: tables.zipped(case),
            f"{case.patient}.zip",
            "application/zip",
            key="csv",
            on_click="ignore",
            icon=":material/table:",
        )


def _board_page(case: PatientCase) -> bytes:
    """With pictures that are read now: few ask for it, and they are large."""
    with reader() as source:
        return board_page(case, latest_key_slices(source, case), latest_growth(source, case))


def coming(case: PatientCase, group: str) -> None:
    """The sizes forecast, in words, and what the bands of the chart are."""
    st.container(key=f"note-coming-{group.split()[0]}").text(case.chart.coming_words(group) or "")
    st.caption("Dashed line and bands: the size forecast, and where it will be found with 50, 80 and 95 % probability.")


def cards(case: PatientCase) -> None:
    """A card per forecast that stands now."""
    rows = rows_of(case.current.sort_values(["endpoint", "horizon_days"]), ForecastCard)
    if not rows:
        return
    with st.container(horizontal=True, key="cards"):
        for row in rows:
            title = wording.forecast(row.endpoint, row.horizon_kind, row.horizon_days)
            with st.container(border=True, width=max(CARD_PX, LETTER_PX * len(title))):
                _card(row, title, case)


def _card(row: ForecastCard, title: str, case: PatientCase) -> None:
    """Colour and arrow are given to Streamlit: by itself it would take a true minus sign for a rise."""
    first = pd.isna(row.change)
    trend = "unchanged" if first else wording.trend(row.change, row.endpoint)
    rising = 0 if trend == "unchanged" else row.change
    st.metric(
        title,
        wording.percent(row.risk),
        None if first else wording.points(row.change),
        delta_color=COLOURS[trend],
        delta_arrow="up" if rising > 0 else "down" if rising < 0 else "off",
        delta_description="first forecast" if first else f"{trend} since the scan before",
    )
    marks = "".join(
        f" · :orange-badge[{word}]" for word, is_so in (("provisional", row.provisional), ("stale", row.stale)) if is_so
    )
    interval = wording.interval(row.risk_low, row.risk_high)
    st.caption(f"90 % interval {interval} · {wording.direction(row.endpoint)}{marks}")
    until = "" if row.valid_until is None or pd.isna(row.valid_until) else f" until {case.day(row.valid_until)}"
    st.caption(f"From the scan of {case.day(row.acquired_at)}{until}")


def rest(case: PatientCase) -> None:
    """Everything else that is kept, on demand."""
    st.subheader("What else is known?", anchor=False)
    facts = tables.fact_table(case)
    on_demand(f"Clinical facts ({len(facts)})", "facts", lambda: _table(facts, "Clinical facts", "None is known."))
    ended = int(case.history.superseded_at.notna().sum())
    title = f"Everything ever forecast ({len(case.history)}, of which {ended} no longer stand)"
    on_demand(title, "history", lambda: _history(case))
    on_demand(f"Scans and their revisions ({len(case.scans)})", "scans", lambda: _scans(case))
    if seen := case.encoded.scan_uid.nunique():
        on_demand(f"What an encoder saw ({seen} scan{'' if seen == 1 else 's'})", "encoded", lambda: encoded(case))
    if len(case.unused):
        on_demand(f"Received and not used ({len(case.unused)})", "unused", lambda: _unused(case))
    with st.expander("What was known on another day?"):
        today = case.day(case.now)
        st.date_input("Day", today, max_value="today", key="as_of", on_change=_choose_day, width=220)


def _history(case: PatientCase) -> None:
    frame = tables.forecast_table(case)
    _table(frame, "Forecasts; struck through: they no longer stand", "Nothing was ever forecast.", frame.index)


def _scans(case: PatientCase) -> None:
    _table(common.scan_table(case.scans, case.zone), "Scans and their revisions, the latest first", "No scan has come.")


def _unused(case: PatientCase) -> None:
    days = [wording.day(clock) for clock in case.unused.acquired_local]
    _table(common.unused_table(case.unused, "Scan of", days), "Received and not used", "")


def _table(frame: pd.DataFrame, title: str, without: str, struck: pd.Index | None = None) -> None:
    if frame.empty:
        st.caption(without)
    else:
        st.html(html_table(frame, title, () if struck is None else list(struck)))


def choose(label: str, options: list[str], default: str, key: str) -> str:
    """One of `options`; where there is nothing to choose, nobody is asked."""
    if len(options) == 1:
        return default
    chosen = st.segmented_control(label, options, key=key, default=default, required=True, label_visibility="collapsed")
    return chosen if chosen in options else default
