"""A model's scores in groups of patients: by trial, arm, age and race, where the table tells them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from models.judging.judge import SHORT, ModelRisks, Place, Score, scored
from models.tables.records import PatientRecord

FEWEST_CASES = 10
"""Patients with the event, and as many without: below, a figure would say more about chance than about the model."""
AGES = ((0, 49, "below 50"), (50, 64, "50 to 64"), (65, 200, "65 and over"))


def subgroups(of: ModelRisks, records: Sequence[PatientRecord]) -> list[Score]:
    """Scores in groups by trial, arm, age and race over all landmarks of the first question, where enough is known."""
    scores = []
    for name, members in _groups(records):
        here = members[of.rows.patient]
        part = of.rows.of(here)
        weights = part.weights(of.questions[0], np.ones(len(part.patient)))
        cases, controls = (np.unique(part.patient[weight > 0]) for weight in (weights.case, weights.control))
        if min(len(cases), len(controls)) >= FEWEST_CASES:
            scores += scored(of, Place(name, here, 0, SHORT))
    return scores


def _groups(records: Sequence[PatientRecord]) -> Iterator[tuple[str, np.ndarray]]:
    """Name and members (N,) of each group."""
    of: Mapping[str, list[str]] = {
        "trial": [t.trial for t in records],
        "arm": [t.arm for t in records],
        "age": [_age(t.clinical.get("age")) for t in records],
        "race": [str(t.clinical.get("race") or "") for t in records],
    }
    for kind, values in of.items():
        for value in sorted(set(values) - {""}):
            yield f"{kind} {value}", np.array([each == value for each in values])


def _age(given: Any) -> str:
    try:
        years = int(float(given))
    except (TypeError, ValueError):
        return ""
    return next((name for low, high, name in AGES if low <= years <= high), "")
