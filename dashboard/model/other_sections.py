"""Sections of the page of models on sizes, on what it is given to see, and on what the cards say."""

from collections.abc import Sequence
from functools import partial
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard import cards, charts, wording
from dashboard.boxes.on_demand import on_demand, told_table
from dashboard.cohort.words import patients
from dashboard.html_table import html_table
from dashboard.model import drift, figures, tables
from dashboard.model.measures import FEWEST, coverage
from dashboard.rows import WeightsRow
from dashboard.shared import Once

CHART_PX = 300
"""Of a card's charts four stand beside each other on a wide screen, and one below the other on a small one."""


def sizes(counts: pd.DataFrame) -> None:
    """How often a size lay within its interval, beside how often it should; `counts` by model_page.SIZES."""
    st.subheader("Do sizes come out where it said?", anchor=False)
    is_total = counts.measurement.isna()
    known = int(counts.patients[is_total].sum())
    if known < FEWEST:
        st.info(
            f"Too few to say: at least {FEWEST} patients are needed with a size measured within 10 days of the day it "
            f"was forecast for. So far: {patients(known)}.",
            icon=":material/hourglass_empty:",
        )
        return
    found = coverage(counts[~is_total])
    table = tables.coverage(found)
    names = [f"{size}, {level}" for size, level in zip(table.Size, table.Interval, strict=True)]
    told = [f"{name}: {held}" for name, held in zip(names, table.Held, strict=True)]
    title = "How often the interval of a size held"
    chart = figures.coverage(found.assign(name=names, words=told), title)
    chart.show("coverage", title)
    st.caption(
        "Dot: share of sizes within the interval, with its 95 % interval, exact; several sizes of one patient count as "
        "one. Tick: the share that should be. A size counts where one was measured within 10 days of the day it was "
        "forecast for, after the forecast was made."
    )
    told_table("Table of intervals of sizes", "coverage", lambda: table)


def inputs(rows: pd.DataFrame, leading: Sequence[WeightsRow], once: Once) -> None:
    """Input by input whether today's visits are like earlier ones and like those of training."""
    st.subheader("Are today's patients like those it learned from?", anchor=False)
    if rows.empty or not leading:
        st.info("No visit yet, or no weights that lead.", icon=":material/inbox:")
        return
    for row in leading:
        found = once(f"drift, {row.weights_version}", partial(drift.drifts, rows, row.card))
        st.markdown(f"**{wording.said_by(row.model, row.weights_version)}**")
        moved = [each.name for each in found if each.has_moved or each.is_strange]
        st.text(f"What drifts: {', '.join(moved)}." if moved else "Nothing drifts that can be told.")
        st.html(html_table(tables.drift(found), "What it is given to see, lately and before"))
    st.caption(
        f"Lately: the {drift.RECENT_DAYS} days up to the latest visit; before: all earlier ones. Each time the middle "
        "value, in brackets the middle half of all. Moved: the middle of lately lies beyond the middle half of before, "
        f"with at least {drift.FEWEST} visits on each side. Often outside training: more than "
        f"{wording.percent(drift.OFTEN_OUTSIDE)} of them. A card holds the smallest and the largest value of training, "
        "not how they are spread: a drift within that range shows beside earlier visits only."
    )


def cards_of(weights: Sequence[WeightsRow], zone: ZoneInfo, once: Once) -> None:
    """The card of each set of weights in service."""
    st.subheader("What do the cards say?", anchor=False)
    for row in weights:
        with st.container(border=True, key=f"model-{row.weights_version[:12]}"):
            _card(row, zone, once)


def _card(row: WeightsRow, zone: ZoneInfo, once: Once) -> None:
    card = row.card
    st.subheader(wording.said_by(row.model, row.weights_version), anchor=False)
    since = wording.moment(pd.Timestamp(row.active_since), zone)
    st.caption(f"{cards.role(row.leads, card)} · in service since {since}")
    st.text(card["intended_use"])
    st.text(f"Trained on {cards.trained_on(card)}")
    _beware(card)
    _figures(row, once)
    _more(card, row.weights_version[:12])


def _beware(card: cards.Card) -> None:
    if limits := card.get("limits"):
        st.markdown("**What to beware of**")
        for limit in limits:
            st.text(f"• {limit}")


def _figures(row: WeightsRow, once: Once) -> None:
    """How good it was beside simple models, and how far its risks mean what they say."""
    card = row.card
    growth, frame = cards.growth_figures(card), cards.figures(card)
    if len(growth):
        st.markdown("**On simulated patients it never saw**")
        st.html(html_table(growth, "Forecasts of growth on simulated patients"))
        return
    if frame.empty:
        st.caption("The card holds no figures.")
        return
    st.markdown("**On patients it never saw**")
    st.caption(f"{card['metrics']['provenance']} Intervals: {card['metrics']['interval']}.")
    st.html(html_table(frame, "How good it was, beside simple models"))
    st.caption(cards.WHO_IS_COMPARED)
    version = row.weights_version[:12]
    on_demand(
        "Calibration on these patients, in figures and tables",
        f"{version}-calibration",
        lambda: _calibrated(once(row.weights_version, lambda: _calibrations(card)), version),
    )


def _calibrated(shown: Sequence[tuple[str, charts.Drawing, pd.DataFrame]], version: str) -> None:
    with st.container(horizontal=True):
        for title, chart, _ in shown:
            chart.show(f"{version}-{title}", title, st.container(width=CHART_PX))
    for title, _, table in shown:
        st.html(html_table(table, title))


def _calibrations(card: cards.Card) -> list[tuple[str, charts.Drawing, pd.DataFrame]]:
    """Title, figure and table of each place that the card has whole groups of."""
    found = [(place, cards.calibration(card, place)) for place in cards.whole_places(card)]
    titles = [f"Calibration, {place}" for place, _ in found]
    return [
        (title, charts.calibration(groups, title), cards.calibration_table(groups, place))
        for title, (place, groups) in zip(titles, found, strict=True)
    ]


def _more(card: cards.Card, version: str) -> None:
    groups, title = cards.subgroups(card), "Groups of patients that training left out"
    if not groups.empty:
        on_demand("Groups of patients", f"{version}-groups", lambda: st.html(html_table(groups, title)))
    on_demand("TRIPOD+AI, item by item", f"{version}-items", lambda: _items(card))


def _items(card: cards.Card) -> None:
    for line in cards.reporting(card):
        st.text(line)
