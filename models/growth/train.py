"""Growth maps from nothing: `python -m models.growth.train --out FOLDER` simulates, fits, judges, writes the card."""

import argparse
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from models.growth.baselines import Dilation
from models.growth.card import BEST_RADIUS, BEST_RATE, GrowthCard, save_growth
from models.growth.cohort import SEED, GrowthPatient, simulated
from models.growth.fit import fit_maps, fit_volumes
from models.growth.forecaster import STATE_LAYOUT
from models.growth.judge import best_cut, figures, judge, parts, volume_rows
from models.growth.maps import SPACING_MM, VOXELS
from models.growth.volumes import log_quantiles, widening
from models.training.fitted_card import INTENDED_USE
from models.training.terminal import progress

LEARN, CONFORM, UNSEEN = 500, 200, 200
"""Patients the weights learn from, those the interval and the cut are set on, and those all figures are of."""
LEARNED_FROM = (
    "Simulated growth alone: reaction and diffusion with treatment as a kill and a slowing (models.growth.cohort). "
    "No image and no outline of a patient was seen in training, in setting the interval or in the figures."
)
LIMITS = (
    "Real lesions may grow in ways that the simulation does not know: necrosis, oedema, mass effect, surgery.",
    "An outline is all that is seen of the lesion; the tissue around it is not.",
    "Made for one lesion in a crop of 80 mm, visits 21 to 150 days apart and outlines registered to the first visit.",
    "The treatment that follows a visit is not an input: maps are of patients treated as the simulated ones were.",
)


def train(out: Path, seed: int, patients: Sequence[int] = (LEARN, CONFORM, UNSEEN)) -> GrowthCard:
    """Write weights and card into `out`; the seed alone decides both, on one kind of processor."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums split over threads round differently
    try:
        with threadpool_limits(1):
            return _train(out, seed, patients)
    finally:
        torch.set_num_threads(threads)


def _train(out: Path, seed: int, patients: Sequence[int]) -> GrowthCard:
    everybody = [simulated(number, seed) for number in progress(range(1, sum(patients) + 1), "simulating")]
    learn, conform, unseen = _parted(everybody, patients)
    parameters = fit_maps(learn, seed)
    parameters |= fit_volumes(*volume_rows(parameters, learn), seed)
    parameters |= _conformed(parameters, conform)
    dilation = Dilation.of(learn)
    judged = judge(parameters, unseen, dilation)
    metrics = {name: figures(judged, part) for name, part in parts(judged).items() if part.any()}
    return save_growth(out, _card(learn, conform, seed, metrics, dilation), parameters)


def _parted(everybody: Sequence[GrowthPatient], patients: Sequence[int]) -> list[Sequence[GrowthPatient]]:
    learn, conform, _ = patients
    return [everybody[:learn], everybody[learn : learn + conform], everybody[learn + conform :]]


def _conformed(parameters: dict[str, Tensor], conform: Sequence[GrowthPatient]) -> dict[str, Tensor]:
    """Where to draw the outline and how far to widen the interval, by patients the weights did not learn from."""
    rows, came = volume_rows(parameters, conform)
    wider = widening(log_quantiles(parameters, rows), came)
    return {"volume_widening": torch.tensor([wider]), "drawn_from": torch.tensor([best_cut(parameters, conform)])}


def _card(
    learn: Sequence[GrowthPatient],
    conform: Sequence[GrowthPatient],
    seed: int,
    metrics: dict[str, Any],
    dilation: Dilation,
) -> GrowthCard:
    gaps = [after.day - before.day for patient in learn for before, after in pairwise(patient.visits)]
    counts = {"patients": len(learn), "visits": sum(len(patient.visits) for patient in learn)}
    return GrowthCard(
        model="growth-map",
        weights_sha256="",
        learned_from=LEARNED_FROM,
        training_data={
            **counts,
            "patients who set the interval": len(conform),
            "days between visits": [min(gaps), max(gaps)],
            BEST_RADIUS: round(dilation.radius_mm, 3),
            BEST_RATE: round(dilation.rate_mm, 4),
        },
        grid={"voxels": VOXELS, "spacing_mm": SPACING_MM},
        state_layout=STATE_LAYOUT,
        seed=seed,
        metrics=metrics,
        limits=LIMITS,
        intended_use=INTENDED_USE,
    )


def main() -> None:
    """Train, and say in a few lines how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder that weights.safetensors and card.json go to")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    begun = time.monotonic()
    card = train(given.out, given.seed)
    for name, found in card.metrics.items():
        print(f"{name}: {found}")
    print(f"Weights and card are in {given.out}, after {(time.monotonic() - begun) / 60:.0f} minutes.")


if __name__ == "__main__":
    main()
