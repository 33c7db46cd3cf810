"""Patient: how this person is doing, and why it says so."""

import datetime as dt

import pandas as pd
import streamlit as st

from dashboard import ranking, wording
from dashboard.boxes.on_demand import on_demand
from dashboard.html_table import html_table
from dashboard.live import live
from dashboard.patient import charts as drawings
from dashboard.patient import risks, sections, sizes, story, tables, therapy
from dashboard.patient.case import PatientCase
from dashboard.patient.growth import growth
from dashboard.patient.key_slices import key_slices
from dashboard.patient.slices import slices
from dashboard.patient.verdicts import unbroken
from dashboard.patient.why_section import why_it_moved
from dashboard.patient_chart import DIAMETERS
from dashboard.queries import ViewReader
from stream.settings import standing_settings
from stream.storage.reading import patient_page

VERDICTS_SHOWN = 3
"""Reasons of the latest visits are read at once, the others on demand."""
INTERVAL = (
    "The 90 % interval is the model's own uncertainty about the probability; how often such forecasts came true "
    "in patients left out of training is on the page Models."
)


def patient(source: ViewReader) -> None:
    """The whole page, for the patient and the day named in the address."""
    name = st.query_params.get("patient", "").strip().upper()
    if not name:
        _ask("Which patient?", "Choose one on the worklist, or give the pseudonym.")
        return
    case = PatientCase.read(source, name, standing_settings().zone, _day_asked())
    merge = source.read(patient_page.MERGED, patient=name)
    if len(merge) and merge.merged_at[0] <= case.now:
        sections.merged(case, merge.current_patient_id[0], merge.merged_at[0])
        return
    if not case.is_known and len(case.waiting):
        sections.only_waiting(case)
        return
    if not case.is_known and case.past:
        sections.nothing_then(case)
        return
    if not case.is_known:
        _ask("Patient unknown", "Nothing has arrived under this pseudonym. Check it, or look for it on the worklist.")
        return
    _heading(case)
    _summary(case)
    _therapy(case)
    _measured(case)
    key_slices(source, case)
    slices(source, case)
    growth(source, case)
    _responses(case)
    _risk(case)
    if not case.past:
        why_it_moved(case)
    sections.rest(case)


def _ask(title: str, words: str) -> None:
    st.title(title, anchor=False)
    st.info(words, icon=":material/person_search:")
    st.text_input("Pseudonym", key="pseudonym", on_change=_go, placeholder="P and 26 letters and digits", width=420)
    st.page_link("views/worklist.py", label="To the worklist", icon=":material/arrow_back:")


def _go() -> None:
    st.query_params["patient"] = st.session_state.pseudonym.strip()


def _day_asked() -> dt.date | None:
    """The day of the address that the page is to be seen as of; None: today, also where it is no day."""
    try:
        return dt.date.fromisoformat(st.query_params.get("as_of", ""))
    except ValueError:
        return None


def _heading(case: PatientCase) -> None:
    st.page_link("views/worklist.py", label="Worklist", icon=":material/arrow_back:")
    st.title(case.patient, anchor=False)
    asked = st.query_params.get("as_of")
    if asked and _day_asked() is None:
        st.warning("The day in the address cannot be read: write as_of=YYYY-MM-DD.", icon=":material/event_busy:")
    if case.past:
        sections.past_banner(case)
    st.caption(case.chart.summary())


def _summary(case: PatientCase) -> None:
    st.subheader("How is this patient doing?", anchor=False)
    for number, sentence in enumerate(story.summary(case)):
        st.container(key=f"story-{number}").text(unbroken(sentence))
    if len(case.current):
        st.caption(INTERVAL)
    sections.downloads(case)


def _therapy(case: PatientCase) -> None:
    st.subheader("What was given?", anchor=False)
    frame = therapy.spans(case)
    if case.treatments.empty:
        st.caption("No treatment is known.")
    if frame.empty or case.chart.scans.empty:
        return
    title = "Lines, treatments, visits"
    chart = drawings.therapy(frame, case.chart.scans, title, case.chart.span)
    chart.show("given", title)
    on_demand("Lines and treatments as a table", "given", lambda: st.html(html_table(therapy.table(frame), title)))


def _measured(case: PatientCase) -> None:
    st.subheader("What was measured?", anchor=False)
    frame = sizes.sums(case)
    if len(frame):
        _sums(case, frame)
    groups = [group for group in case.chart.measurement_groups() if frame.empty or group != DIAMETERS]
    if groups:
        _other_values(case, groups)
    elif frame.empty:
        st.info("Nothing was measured on the scans that count.", icon=":material/straighten:")


def _sums(case: PatientCase, frame: pd.DataFrame) -> None:
    coming = case.chart.coming(DIAMETERS) if sizes.are_forecast(case) else drawings.NOTHING_COMING
    title = "Sum of targets (mm) and verdicts"
    limits = sizes.limits(case)
    chart = drawings.sums(frame, limits, coming, title, case.chart.span)
    chart.show("sums", title)
    st.caption(sizes.codes(frame) + sizes.judged_by(limits))
    if len(coming):
        sections.coming(case, DIAMETERS)
    lesions = sizes.lesions(case)
    if len(lesions):
        title = "Each lesion (mm)"
        drawings.lesions(lesions, title, case.chart.span).show("lesions", title)
    if len(case.lesions):
        told = "Lesions, visit by visit: mm, and change from the baseline"
        on_demand("Lesions, visit by visit", "lesions", lambda: st.html(html_table(sizes.lesion_table(case), told)))


def _other_values(case: PatientCase, groups: list[str]) -> None:
    group = sections.choose("Measurement", groups, groups[0], "measurement")
    frame = case.chart.measured(group)
    coming = case.chart.coming(group)
    chart = drawings.measured(frame, coming, group, case.chart.span)
    chart.show("measured", f"{group} over time")
    if len(coming):
        sections.coming(case, group)
    gaps = frame[frame.value.isna()]
    if len(gaps):
        st.container(key="note-gaps").text(
            "Not measured: " + "; ".join(f"{row.series} on {row.at:%Y-%m-%d}" for row in gaps.itertuples()) + "."
        )
    on_demand("These values as a table", "values", lambda: st.html(html_table(tables.value_table(frame), group)))


def _responses(case: PatientCase) -> None:
    st.subheader("How did it respond, and why does it say so?", anchor=False)
    rows = case.verdicts.sort_values(["acquired_at", "line"], ascending=False, kind="stable")
    if rows.empty:
        st.caption("No visit says anything of lesions yet.")
    told = zip(rows.acquired_at, rows.line, rows.trace, strict=True)
    traces = [f"{case.day(at)}, line {line}. {trace}" for at, line, trace in told]
    for number, trace in enumerate(traces[:VERDICTS_SHOWN]):
        st.container(key=f"note-trace-{number}").text(trace)
    if earlier := traces[VERDICTS_SHOWN:]:
        on_demand(f"Reasons of earlier visits ({len(earlier)})", "reasons", lambda: st.text("\n\n".join(earlier)))
    if traces:
        title = "Verdict of each visit"
        on_demand("Verdicts as a table", "verdicts", lambda: st.html(html_table(tables.verdict_table(case), title)))
    for number, sentence in enumerate(case.chart.response_words()):
        st.container(key=f"note-response-{number}").text(sentence)


def _risk(case: PatientCase) -> None:
    st.subheader("How likely is it?", anchor=False)
    shown = risks.forecasts(case)
    if case.current.empty:
        st.info(story.question(case), icon=":material/do_not_disturb_on:")
    sections.cards(case)
    if shown.empty:
        return
    kinds = ranking.known_kinds(shown)
    titles = {wording.forecast(*kind): kind for kind in sorted(kinds, key=ranking.by_horizon)}
    first = ranking.known_kinds(case.current)[:1] or kinds[:1]
    kind = titles[sections.choose("Forecast", list(titles), wording.forecast(*first[0]), "risk")]
    frame = risks.steps(case, shown, kind)
    title = f"{wording.forecast(*kind)} (%)"
    flag = risks.flag(case, kind)
    events = risks.events(case, kind, frame)
    chart = drawings.risk(frame, case.chart.scans, events, flag and flag.risk, title, case.chart.span)
    chart.show("risk-chart", title)
    st.caption(
        f"Probability, counted from each scan; {wording.direction(kind[0])}. Said by {frame.said_by.iloc[-1]}. "
        "Band: central 90 % of the model's own uncertainty. Ticks: visits."
    )
    if flag:
        st.caption(flag.words)
    if len(case.current):
        told = "Forecasts that stand"
        on_demand(f"{told}, as a table", "standing", lambda: st.html(html_table(risks.table(case), told)))


live(patient)
