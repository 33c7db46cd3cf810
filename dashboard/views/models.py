"""Models: whether forecasts made here came out right, for whom, and what the cards of the weights say."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from dashboard.anew import Make
from dashboard.live import live
from dashboard.model import other_sections, risk_sections
from dashboard.model.choices import ModelChoice, choose, questions
from dashboard.queries import ViewReader
from dashboard.rows import WeightsRow, rows_of
from stream.settings import standing_settings
from stream.storage.reading import model_page

EVERY_SECONDS = 60
"""What followed forecasts becomes known slowly, and figures would be drawn again under the reader's hand."""


def models(source: ViewReader) -> Make | None:
    """The whole page."""
    weights = rows_of(source.model_cards(), WeightsRow)
    st.title("Models", anchor=False)
    if not weights:
        st.info("No weights are in service yet: a worker brings them when it starts.", icon=":material/model_training:")
        return None
    whatever_came = source.once_for("cards")
    choice = choose(questions(weights), source.enrolled())
    _here(source, weights, choice)
    other_sections.cards_of(weights, standing_settings().zone, whatever_came)
    return partial(_made, choice=choice)


def _made(source: ViewReader, choice: ModelChoice) -> None:
    """The figures, asked for in the order of the page."""
    source.enrolled()
    risk_sections.made(_followed(source, choice), choice, source.once_for(choice))


def _followed(source: ViewReader, choice: ModelChoice) -> pd.DataFrame:
    return source.of_all(model_page.FOLLOWED, **choice.question._asdict(), **choice.patients)


def _here(source: ViewReader, weights: Sequence[WeightsRow], choice: ModelChoice) -> None:
    """Whether it is still right, on the patients of this service."""
    rows = _followed(source, choice)
    once = source.once_for(choice)
    before = risk_sections.counted(rows, choice)
    lead = before[before.role == "lead"]
    risk_sections.calibrated(lead, choice, once)
    risk_sections.compared(before, choice, once)
    risk_sections.split(lead, choice, once)
    risk_sections.download(before)
    other_sections.sizes(source.of_all(model_page.SIZES, **choice.patients))
    leading = [row for row in weights if any(pair["endpoint"] == choice.question.endpoint for pair in row.leads)]
    seen = source.of_all(model_page.INPUTS, **choice.patients)
    other_sections.inputs(seen, leading, source.once_for(choice))


live(models, EVERY_SECONDS)
