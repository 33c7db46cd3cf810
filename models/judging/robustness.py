"""How models bear worse data: what they see is corrupted, what followed stays as it was."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from models.card import LEAD, LSTM
from models.judging.baselines.families import BOOSTING, LOGISTIC, RHYTHM, families
from models.judging.judge import SHORT, ModelRisks, Place, Score, risks_at, scored
from models.tables.records import PatientRecord
from models.training.blueprints import Blueprint
from models.training.corruption import CORRUPTIONS, corrupted
from models.training.crossvalidation import ForecastPair
from models.training.landmarks import Landmarks, every_visit, landmarks
from models.training.splits import Split

SEED = 20261123


def robustness(
    records: Sequence[PatientRecord],
    blueprint: Blueprint,
    split: Split,
    forecast_all: Callable[[Sequence[PatientRecord]], ForecastPair],
) -> list[Score]:
    """Scores for the first question under every corruption and strength, and as the data are, at the same kind of rows.

    `forecast_all` forecasts records in the order of `records`. Baselines are fitted on clean rows, as the model was.
    """
    clean = landmarks(records, blueprint)
    if not len(clean.patient):
        return []
    part = split.part[clean.patient]
    fits = {
        name: {k: fit(clean.of(part != k)) for k in np.unique(part)}
        for name, fit in families(blueprint).items()
        if name in (LOGISTIC, RHYTHM, BOOSTING)
    }
    scores = []
    for name, (corruption, strengths) in {"as it is": (None, (0.0,)), **CORRUPTIONS}.items():
        for strength in strengths:
            seen = corrupted(records, corruption, strength, SEED) if corruption else list(records)
            rows, risks = _seen(clean, records, seen, blueprint, forecast_all(seen))
            for model, of_part in fits.items():
                risks[model] = _by_part(rows, split.part[rows.patient], of_part)
            of = ModelRisks(blueprint, rows, {model: each[None] for model, each in risks.items()}, split)
            place = Place(
                f"{name} {strength:g}" if corruption else name, np.ones(len(rows.patient), dtype=bool), 0, SHORT
            )
            scores += scored(of, place)
    return scores


def _seen(
    clean: Landmarks,
    records: Sequence[PatientRecord],
    seen: Sequence[PatientRecord],
    blueprint: Blueprint,
    pair: ForecastPair,
) -> tuple[Landmarks, dict[str, np.ndarray]]:
    """The clean rows whose visit is still there, with the inputs seen and what truly followed; our own risks."""
    shown = every_visit(seen, blueprint)
    at = {(p, seen[p].visits[v].label): row for row, (p, v) in enumerate(zip(shown.patient, shown.visit, strict=True))}
    wanted = [(p, records[p].visits[v].label) for p, v in zip(clean.patient, clean.visit, strict=True)]
    there = np.array([each in at for each in wanted])
    there_still, true = shown.of(np.array([at[each] for each in wanted if each in at])), clean.of(there)
    followed = {name: getattr(true, name) for name in ("time_days", "event", "gap_days", "ahead_days", "ahead")}
    ours = {name: risks_at(there_still, of, blueprint) for name, of in zip((LEAD, LSTM), pair, strict=True)}
    return replace(there_still, **followed), ours


def _by_part(rows: Landmarks, part: np.ndarray, fits: Mapping[int, Callable[[Landmarks], np.ndarray]]) -> np.ndarray:
    risks = {k: fit(rows) for k, fit in fits.items()}
    return np.array([risks[k][row] for row, k in enumerate(part)])
