"""Models: which weights speak, how good they were on patients they never saw, and what to beware of."""

from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard import cards, charts, wording
from dashboard.live import live
from dashboard.queries import ViewReader
from dashboard.rows import WeightsRow, rows_of
from stream.settings import load_settings


def models(source: ViewReader) -> None:
    """The whole page."""
    weights = rows_of(source.model_cards(), WeightsRow)
    st.title("Models", anchor=False)
    if not weights:
        st.info("No weights are in service yet: a worker brings them when it starts.", icon=":material/model_training:")
    for row in weights:
        with st.container(border=True, key=f"model-{row.weights_version[:12]}"):
            _model(row, load_settings().zone)


def _model(row: WeightsRow, zone: ZoneInfo) -> None:
    card = row.card
    st.subheader(wording.said_by(row.model, row.weights_version), anchor=False)
    st.caption(f"{cards.leads(row.leads)} · in service since {wording.moment(pd.Timestamp(row.active_since), zone)}")
    st.text(card["intended_use"])
    st.text(f"Trained on {cards.trained_on(card)}")
    _beware(card)
    _figures(card)
    _more(card)


def _beware(card: cards.Card) -> None:
    if limits := card.get("limits"):
        st.markdown("**What to beware of**")
        for limit in limits:
            st.text(f"• {limit}")


def _figures(card: cards.Card) -> None:
    """How good it was beside simple models, and how far its risks mean what they say."""
    frame = cards.figures(card)
    if frame.empty:
        st.caption("The card holds no figures.")
        return
    st.markdown("**On patients it never saw**")
    st.caption(f"{card['metrics']['provenance']} Intervals: {card['metrics']['interval']}.")
    st.dataframe(frame, hide_index=True)
    shown = [(place, cards.calibration(card, place)) for place in cards.whole_places(card)]
    for cell, (place, groups) in zip(st.columns(len(shown)), shown, strict=True):
        title = f"Calibration, {place}"
        cell.altair_chart(charts.calibration(groups, title), theme=None, key=f"{card['model']}-{place}", alt=title)


def _more(card: cards.Card) -> None:
    groups = cards.subgroups(card)
    if not groups.empty:
        with st.expander("Groups of patients"):
            st.dataframe(groups, hide_index=True)
    with st.expander("TRIPOD+AI, item by item"):
        for line in cards.reporting(card):
            st.text(line)


live(models)
