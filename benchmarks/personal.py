"""Whether a patient's own past errors make the next size better known: `python -m benchmarks.personal FOLDER`.

With immunotherapy in FOLDER, one trial left out at a time. Where a size fell within its forecast distribution is turned
into a normal score; the mean of a patient's scores moves the next distribution, their spread widens it, both shrunk to
the cohort's as by so many visits. Prints a table; docs/forecasts.md says what was made of it.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import norm

from models.evaluate import FOLDS_SEED, load_usable
from models.measurement import ROUNDED_MM
from models.serving.forecaster import Forecaster
from models.serving.heads import MEDIAN, SIZE_QUANTILES, TRUST
from models.serving.mixture import FLOOR_MM, on_day
from models.tables.records import PatientRecord
from models.training.blueprints import BLUEPRINTS
from models.training.crossvalidation import fit_folds
from models.training.fit import unroll
from models.training.samples import SUM, samples
from models.training.splits import splits

BLUEPRINT = BLUEPRINTS["progression"]
GRID = torch.linspace(-6.0, 3.0, 721)  # log ratios
LEVELS = np.array(SIZE_QUANTILES)
LOW, HIGH = 1, 5  # among LEVELS: the ends of the 80 % interval
NEVER = np.inf
SHRUNK = ((NEVER, NEVER), (30, NEVER), (10, NEVER), (4, NEVER), (NEVER, 30), (NEVER, 10), (NEVER, 4), (10, 10))
LARGEST_SCORE = 3.0


class VisitBeforeNext(NamedTuple):
    """A visit with a size that another followed: sizes in mm, and P(log ratio ≤ GRID) on the day of the next."""

    patient_id: str
    size: float
    coming: float
    below: np.ndarray


def main(folder: Path) -> None:
    """Fit without each trial, look at its patients visit by visit, print what each shrinkage gives."""
    torch.set_num_threads(1)
    timelines = load_usable(folder / "immunotherapy", BLUEPRINT)
    part = splits(timelines, BLUEPRINT)[0].part
    seen: list[VisitBeforeNext] = []
    for k, forecaster in enumerate(fit_folds(BLUEPRINT, timelines, part, FOLDS_SEED)):
        left_out = [timelines[n] for n in np.flatnonzero(part == k)]
        seen += _followed(forecaster, sorted(left_out, key=lambda timeline: -len(timeline.visits)))
    print(
        "| moved as if by visits | widened as if by visits | pinball loss, mm | mean error, mm | 80 % interval holds |"
    )
    print("|---|---|---|---|---|")
    for mean, spread in SHRUNK:
        pinball, error, held = np.mean([*_judged(seen, mean, spread)], axis=0)
        print(f"| {_visits(mean)} | {_visits(spread)} | {pinball:.4f} | {error:.3f} | {held:.3f} |")


def _followed(forecaster: Forecaster, timelines: Sequence[PatientRecord]) -> Iterator[VisitBeforeNext]:
    data, parameters = samples(timelines, BLUEPRINT), forecaster.parameters
    inputs = forecaster._inputs(data.inputs)
    with torch.inference_mode():
        heads = unroll(BLUEPRINT, parameters, inputs, data.context[:, None], data).sizes  # (T, E, N, 5 M)
        for n, timeline in enumerate(timelines):
            for v, (now, after) in enumerate(zip(timeline.visits, timeline.visits[1:], strict=False)):
                if np.isfinite([now.x[SUM], after.x[SUM]]).all():
                    head = heads[v, :, n, None].expand(-1, len(GRID), -1)
                    days = torch.full((len(GRID),), after.day - now.day)
                    below = on_day(head, days).below(GRID).mean(0).numpy()
                    yield VisitBeforeNext(timeline.patient_id, float(now.x[SUM]), float(after.x[SUM]), below)


def _judged(seen: Sequence[VisitBeforeNext], mean: float, spread: float) -> Iterator[tuple[float, float, bool]]:
    """Pinball loss, error and whether the 80 % interval held, visit by visit; scores are the patient's own so far."""
    scores: list[float] = []
    for n, one in enumerate(seen):
        if not n or seen[n - 1].patient_id != one.patient_id:
            scores = []
        by = sum(scores) / (len(scores) + mean)
        wide = np.sqrt((1 + sum(np.square(scores)) / spread) / (1 + len(scores) / spread))
        ratios = np.interp(norm.cdf(by + wide * norm.ppf(LEVELS)), one.below, GRID)
        ratios[MEDIAN] *= TRUST
        sizes = np.maximum((one.size + FLOOR_MM) * np.exp(ratios) - FLOOR_MM, 0.0)
        off, held = one.coming - sizes, sizes[LOW] <= one.coming <= sizes[HIGH]
        yield np.maximum(LEVELS * off, (LEVELS - 1) * off).mean(), abs(off[MEDIAN]), held
        scores.append(_score(one))


def _score(one: VisitBeforeNext) -> float:
    """Normal score of the middle of what the size, read to the millimetre, can have been."""
    read = np.maximum([one.coming - ROUNDED_MM, one.coming + ROUNDED_MM], 0.0)
    ends = np.interp(np.log((read + FLOOR_MM) / (one.size + FLOOR_MM)), GRID, one.below)
    return float(np.clip(norm.ppf(np.clip(ends.mean(), 1e-4, 1 - 1e-4)), -LARGEST_SCORE, LARGEST_SCORE))


def _visits(count: float) -> str:
    return "not" if np.isinf(count) else f"{count:g}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
