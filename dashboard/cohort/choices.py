"""Which patients a cohort is made of: what can be chosen, and what was, all of it in the address."""

from typing import NamedTuple

import pandas as pd
import streamlit as st

from stream.vocabulary import RECIST

EVERY = "All"
TOGETHER = "All together"
GROUPS = {"Arm": "arm", "Trial": "trial", "Disease": "disease"}
"""What patients can be compared by, and its column."""
NOT_NAMED = "none named"
WIDTH = 205
"""Of a box in pixels: six beside each other on a wide screen, one below the other on a small one."""


class Choice(NamedTuple):
    """Whom the page is about; None: whatever it is."""

    trial: str | None
    arm: str | None
    disease: str | None
    line: int
    criterion: str
    by: str

    @property
    def values(self) -> dict[str, object]:
        """What the queries take."""
        return {name: value for name, value in self._asdict().items() if name != "by"}

    def grouped(self, lines: pd.DataFrame) -> pd.DataFrame:
        """`lines` with the group of each patient."""
        if self.by == TOGETHER:
            return lines.assign(group=TOGETHER)
        return lines.assign(group=lines[GROUPS[self.by]].fillna(NOT_NAMED))


def choose(enrolled: pd.DataFrame, judged: pd.DataFrame) -> Choice:
    """Ask for trial, arm, disease, line, criterion and groups; arms are those of the chosen trial.

    In the address they have names of their own: the worklist asks for a trial too.

    `enrolled`: trial, arm, disease; `judged`: line, criterion of what there are verdicts on.
    """
    with st.container(horizontal=True):
        trial = some("Trial", enrolled.trial, "in_trial")
        of_trial = enrolled if trial is None else enrolled[enrolled.trial == trial]
        arm = some("Arm", of_trial.arm, "in_arm")
        disease = some("Disease", of_trial.disease, "in_disease")
        line = one("Line of therapy", [str(number) for number in sorted({1, *judged.line})], "line")
        criteria = sorted({RECIST, *judged.criterion}, key=lambda name: (name != RECIST, name))
        criterion = one("Judged by", criteria, "criterion")
        by = one("Compare by", [TOGETHER, *GROUPS], "compare")
    return Choice(trial, arm, disease, int(line), criterion, by)


def some(label: str, known: pd.Series, key: str) -> str | None:
    """One of those that are `known`, or None for all."""
    chosen = one(label, [EVERY, *sorted(known.dropna().unique())], key)
    return None if chosen == EVERY else chosen


def one(label: str, options: list[str], key: str) -> str:
    """One of `options`, the first unless another is chosen or in the address."""
    chosen = st.selectbox(label, options, key=key, bind="query-params", width=WIDTH)
    return chosen if chosen in options else options[0]
