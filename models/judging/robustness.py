"""How models bear worse data: what they see is corrupted, what followed stays as it was."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from models.card import LEAD, LSTM
from models.judging.baselines.families import BOOSTING, LOGISTIC, RHYTHM, families
from models.judging.judge import SHORT, Judged, Place, Score, risks_at, scored
from models.tables.records import Timeline
from models.training.blueprints import Blueprint
from models.training.corruption import CORRUPTIONS, corrupted
from models.training.crossvalidation import Made
from models.training.landmarks import Landmarks, every_visit, landmarks
from models.training.splits import Split

SEED = 20261123


def robustness(
    timelines: Sequence[Timeline], blueprint: Blueprint, split: Split, made: Callable[[Sequence[Timeline]], Made]
) -> list[Score]:
    """Scores for the first question under every corruption and strength, and as the data are, at the same kind of rows.

    `made` forecasts timelines in the order of `timelines`. Baselines are fitted on clean rows, as the model was.
    """
    clean = landmarks(timelines, blueprint)
    if not len(clean.patient):
        return []
    part = split.part[clean.patient]
    fits = {
        name: {k: fit(clean.of(part != k)) for k in np.unique(part)}
        for name, fit in families(blueprint).items()
        if name in (LOGISTIC, RHYTHM, BOOSTING)
    }
    found = []
    for name, (corruption, strengths) in {"as it is": (None, (0.0,)), **CORRUPTIONS}.items():
        for strength in strengths:
            seen = corrupted(timelines, corruption, strength, SEED) if corruption else list(timelines)
            rows, risks = _seen(clean, timelines, seen, blueprint, made(seen))
            for model, of_part in fits.items():
                risks[model] = _by_part(rows, split.part[rows.patient], of_part)
            of = Judged(blueprint, rows, {model: each[None] for model, each in risks.items()}, split)
            place = Place(
                f"{name} {strength:g}" if corruption else name, np.ones(len(rows.patient), dtype=bool), 0, SHORT
            )
            found += scored(of, place)
    return found


def _seen(
    clean: Landmarks,
    timelines: Sequence[Timeline],
    seen: Sequence[Timeline],
    blueprint: Blueprint,
    made: Made,
) -> tuple[Landmarks, dict[str, np.ndarray]]:
    """The clean rows whose visit is still there, with the inputs seen and what truly followed; our own risks."""
    shown = every_visit(seen, blueprint)
    at = {(p, seen[p].visits[v].label): row for row, (p, v) in enumerate(zip(shown.patient, shown.visit, strict=True))}
    wanted = [(p, timelines[p].visits[v].label) for p, v in zip(clean.patient, clean.visit, strict=True)]
    there = np.array([each in at for each in wanted])
    found, true = shown.of(np.array([at[each] for each in wanted if each in at])), clean.of(there)
    followed = {name: getattr(true, name) for name in ("time_days", "event", "gap_days", "ahead_days", "ahead")}
    ours = {name: risks_at(found, of, blueprint) for name, of in zip((LEAD, LSTM), made, strict=True)}
    return replace(found, **followed), ours


def _by_part(rows: Landmarks, part: np.ndarray, fits: Mapping[int, Callable[[Landmarks], np.ndarray]]) -> np.ndarray:
    risks = {k: fit(rows) for k, fit in fits.items()}
    return np.array([risks[k][row] for row, k in enumerate(part)])
