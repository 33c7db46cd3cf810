"""A model's risks looked at closely: the calibration curve and the decision curve of every question."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from models.card import LEAD, LSTM
from models.judging.baselines.families import LOGISTIC
from models.judging.judge import RESAMPLING_SEED, SHORT, ModelRisks, Place, places
from models.statistics.calibration import calibration_curve
from models.statistics.metrics import CaseControlWeights, ThresholdCounts, estimate, over_patients

DECIDE_AT = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)

Profile = dict[str, list[dict[str, Any]]]


def calibration(of: ModelRisks) -> Profile:
    """By place of all measures: tenths of the lead's risk with rows, cases, expected and observed share."""
    profile = {}
    for place in _whole(of):
        weights, part = _weights(of, place), of.rows.of(place.rows)
        risk = of.risks[LEAD][0, place.rows, place.question]
        groups = calibration_curve(part.patient, risk, weights, RESAMPLING_SEED)
        profile[place.name] = [
            {"rows": g.rows, "cases": g.cases, "expected": round(g.expected, 4), "observed": g.observed.to_json()}
            for g in groups
        ]
    return profile


def decisions(of: ModelRisks) -> Profile:
    """By place of all measures: net benefit at several thresholds, beside flagging everybody (nobody is 0)."""
    profile = {}
    for place in _whole(of):
        shown = {name: of.risks[name][0, place.rows, place.question] for name in (LEAD, LSTM, LOGISTIC)}
        part, question = of.rows.of(place.rows), of.questions[place.question]
        shown["everybody"] = np.ones(len(part.patient))

        def measure(count: np.ndarray, part: Any = part, question: Any = question, shown: Any = shown) -> np.ndarray:
            weights = part.weights(question, count)
            each = [[ThresholdCounts.at(r, weights, at).net_benefit(at) for at in DECIDE_AT] for r in shown.values()]
            return np.array(each)

        values = over_patients(part.patient, measure, RESAMPLING_SEED)
        profile[place.name] = [
            {"threshold": at, **{name: estimate(values[:, m, t]).to_json() for m, name in enumerate(shown)}}
            for t, at in enumerate(DECIDE_AT)
        ]
    return profile


def _whole(of: ModelRisks) -> Iterator[Place]:
    return (place for place in places(of) if place.measures is not SHORT)


def _weights(of: ModelRisks, place: Place) -> CaseControlWeights:
    part = of.rows.of(place.rows)
    return part.weights(of.questions[place.question], np.ones(len(part.patient)))
