"""Weights that see embeddings on simulated patients nobody learned from: with and without images, beside each other."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.encoding.cohort import ENCODED_AT, MEASURED_AT, hidden, places_of
from models.features import MODALITIES
from models.judging.judge import risks_at
from models.serving.forecaster import Forecaster
from models.statistics.metrics import brier, estimate, over_patients, uno_c
from models.tables.records import PatientRecord
from models.training.blueprints import Blueprint
from models.training.crossvalidation import forecast
from models.training.landmarks import Landmarks, landmarks

WITH_IMAGES, SIZES_ALONE, WITHOUT = "sizes and images", "sizes alone", "weights that know no images"
DAYS, SEED = 365, 20261123

Figures = dict[str, dict[str, list[float]]]
"""By what was shown: measures, each [value, low, high]."""


def shown_otherwise(unseen: Sequence[PatientRecord]) -> dict[str, list[PatientRecord]]:
    """The same patients as they are, and with parts of what is known of them hidden."""
    others = {name: [places_of(one) for one in MODALITIES.values() if one != name] for name in MODALITIES.values()}
    alone = {f"sizes and {word} alone": hidden(unseen, *others[name]) for word, name in MODALITIES.items()}
    images_alone = hidden(unseen, MEASURED_AT)
    return {
        WITH_IMAGES: list(unseen),
        SIZES_ALONE: hidden(unseen, ENCODED_AT),
        "images alone": images_alone,
        **alone,
    }


def judged(seeing: Forecaster, blind: Forecaster, unseen: Sequence[PatientRecord], of: Blueprint) -> Figures:
    """Uno's C and the Brier score within a year, over all visits; `blind`: the same fit without images.

    Every figure is of the same visits; intervals hold 95 % by bootstrap over patients.
    """
    rows = landmarks(unseen, of)
    risks = {name: _risks(seeing, rows, each, of) for name, each in shown_otherwise(unseen).items()}
    risks[WITHOUT] = _risks(blind, rows, unseen, of)
    found = {name: _measures(rows, risk, of) for name, risk in risks.items()}
    figures: Figures = {name: {key: _triple(value) for key, value in each.items()} for name, each in found.items()}
    for other in (SIZES_ALONE, WITHOUT):
        figures[f"{WITH_IMAGES} minus {other}"] = {
            key: _triple(found[WITH_IMAGES][key] - found[other][key]) for key in found[other]
        }
    return figures


def _risks(forecaster: Forecaster, rows: Landmarks, records: Sequence[PatientRecord], of: Blueprint) -> np.ndarray:
    at = [each.horizon_days for each in of.endpoints].index(DAYS)
    risks: np.ndarray = risks_at(rows, forecast(forecaster, records), of)[:, at]
    return risks


def _measures(rows: Landmarks, risk: np.ndarray, of: Blueprint) -> Mapping[str, np.ndarray]:
    """Each measure of the visits as they are and of resamples of the patients, all by the same draws."""
    within = next(each for each in of.endpoints if each.horizon_days == DAYS)
    ranks = uno_c(risk, rows.time_days, rows.event, DAYS)
    return {
        "Uno's C": over_patients(rows.patient, ranks, SEED),
        "Brier score": over_patients(rows.patient, lambda count: brier(risk, rows.weights(within, count)), SEED),
    }


def _triple(values: np.ndarray) -> list[float]:
    return [round(each, 4) for each in estimate(values)]
