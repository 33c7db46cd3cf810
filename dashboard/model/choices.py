"""Which question the page of models is about, and of which patients: all of it in the address."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import streamlit as st

from dashboard import wording
from dashboard.cohort.choices import one, some
from dashboard.rows import WeightsRow

TOGETHER = "Not at all"
SPLITS = {
    "Month of the scan": "month",
    "Number of the scan": "visit",
    "Line of therapy": "line",
    "Disease": "disease",
    "Trial": "trial",
    "Arm": "arm",
}
"""What forecasts can be split by, and its column."""


class AskedRisk(NamedTuple):
    """What a risk answers; `horizon_days` only of the kind days."""

    endpoint: str
    horizon_kind: str
    horizon_days: int | None

    def __str__(self) -> str:
        return wording.forecast(*self)


class ModelChoice(NamedTuple):
    """A question, whom it is asked of (None: everybody), and what the answers are split by."""

    question: AskedRisk
    trial: str | None
    arm: str | None
    disease: str | None
    split: str

    @property
    def patients(self) -> dict[str, object]:
        """What queries take of the patients."""
        return {"trial": self.trial, "arm": self.arm, "disease": self.disease}


def questions(weights: Sequence[WeightsRow]) -> list[AskedRisk]:
    """Every question that weights in service answer, in the order of their cards."""
    asked = [
        AskedRisk(each["endpoint"], each["horizon_kind"], each["horizon_days"])
        for row in weights
        for each in row.card["endpoints"]
    ]
    return list(dict.fromkeys(asked))


def choose(asked: Sequence[AskedRisk], enrolled: pd.DataFrame) -> ModelChoice:
    """Ask for question, trial, arm, disease and split; `enrolled`: trial, arm, disease."""
    named = {str(question): question for question in asked}
    with st.container(horizontal=True):
        question = named[one("Forecast of", list(named), "question")]
        trial = some("Trial", enrolled.trial, "of_trial")
        of_trial = enrolled if trial is None else enrolled[enrolled.trial == trial]
        arm = some("Arm", of_trial.arm, "of_arm")
        disease = some("Disease", of_trial.disease, "of_disease")
        split = one("Split by", [TOGETHER, *SPLITS], "split")
    return ModelChoice(question, trial, arm, disease, split)
