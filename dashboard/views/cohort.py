"""Cohort: how the trial goes. Who responds, how far tumours shrink, how long it lasts, and for whom."""

import streamlit as st

from dashboard.cohort import frames, response_sections, time_sections, words
from dashboard.cohort.choices import TOGETHER, choose
from dashboard.cohort.rates import counted
from dashboard.live import live
from dashboard.queries import ViewReader

MOST_GROUPS = 8
"""Groups up to which colours and dashes can be told apart."""
EVERY_SECONDS = 60
"""A cohort moves slowly, and its figures would be drawn again under the reader's hand."""


def cohort(source: ViewReader) -> None:
    """The whole page."""
    st.title("Cohort", anchor=False)
    enrolled = source.enrolled()
    if enrolled.empty:
        st.info(
            "No patient has a visit yet. Scans and imported tables appear here by themselves; the worklist says how to "
            "bring them in.",
            icon=":material/inbox:",
        )
        return
    choice = choose(enrolled, source.judged())
    lines = source.lines(choice.values)
    if lines.empty:
        st.info("No patient matches what is chosen above.", icon=":material/search_off:")
        return
    visits = source.line_visits(choice.values)
    once = source.once_for(choice)
    everyone = once("patients", lambda: frames.prepared(choice.grouped(lines), visits))
    if everyone.group.nunique() > MOST_GROUPS:
        st.info(
            f"More than {MOST_GROUPS} groups cannot be told apart: choose a trial above.", icon=":material/palette:"
        )
        everyone = everyone.assign(group=TOGETHER)
    based = once("with a baseline", lambda: counted(everyone))
    left_out = f" {words.patients(len(everyone) - len(based))} without a baseline scan are in no figure."
    st.caption(
        f"{words.patients(len(everyone))}, line {choice.line} of therapy, judged by {choice.criterion}. "
        f"Time counts from the baseline scan of the line.{left_out if len(based) < len(everyone) else ''}"
    )
    limits = words.LIMITS[choice.criterion]
    response_sections.rates(everyone, based, choice.by, once)
    response_sections.shrinkage(based, limits, once)
    response_sections.over_time(based, visits, limits, once)
    time_sections.lasting(based, once)
    time_sections.each(based, source, once)
    time_sections.who(everyone)


live(cohort, EVERY_SECONDS)
