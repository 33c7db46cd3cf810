"""Growth maps judged on patients they never saw, beside the baselines: overlap, error of the volume, its interval."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.growth import network, volumes
from models.growth.baselines import NO_CHANGE, OWN_RATE, RADIUS, RATE, Dilation, outlines
from models.growth.cohort import GrowthPatient
from models.growth.fit import distances, givens
from models.growth.maps import VOXELS, dice, dice_by_cut, volume_ml
from models.growth.network import context_of
from models.statistics.metrics import Estimate, estimate, over_patients
from models.training.terminal import progress

CONVLSTM = "ConvLSTM"
METHODS = (CONVLSTM, NO_CHANGE, RADIUS, RATE, OWN_RATE)
DICE, ERROR = "Dice", "volume error, ml"
RESAMPLING_SEED = 20261130
ROUNDING_ML = 1e-5
Parameters = Mapping[str, Tensor]


class Ahead(NamedTuple):
    """What the network says after one visit of the next one.

    `chance` (Z, Y, X) that a voxel is inside; `features` (1, F) of the volume; the outline and the volume that came.
    """

    visit: int
    chance: np.ndarray
    features: Tensor
    inside: np.ndarray
    volume_ml: float


class Judged(NamedTuple):
    """R forecasts of next visits: `patient` and `visit` (R,), `dice` and `error` (R, M) of METHODS, volumes (R,) in ml:
    now, coming, and low, middle and high (R, 3) as forecast.
    """

    patient: np.ndarray
    visit: np.ndarray
    dice: np.ndarray
    error: np.ndarray
    now: np.ndarray
    coming: np.ndarray
    forecast: np.ndarray


def ahead(parameters: Parameters, patient: GrowthPatient) -> Iterator[Ahead]:
    """Every visit but the last of a patient, in order, by stepping."""
    state = network.initial_state(VOXELS, VOXELS)
    maps, given = torch.from_numpy(distances(patient)), givens(patient.visits)
    for number, (before, after) in enumerate(pairwise(patient.visits)):
        with torch.inference_mode():
            state = network.step(parameters, maps[number], context_of(given[number]).expand(VOXELS, -1), state)
            days = torch.tensor([after.day - before.day])
            logits = network.forecast(parameters, state, days.expand(VOXELS))
            rows = volumes.features(state, logits, days)
        yield Ahead(number, torch.sigmoid(logits).numpy(), rows, after.inside, volume_ml(after.inside))


def volume_rows(parameters: Parameters, patients: Sequence[GrowthPatient]) -> tuple[Tensor, Tensor]:
    """Features (N, F) and the logarithms (N,) of the volumes that came, of all visits but the last of `patients`."""
    found = [each for patient in progress(patients, "following volumes") for each in ahead(parameters, patient)]
    came = torch.tensor([each.volume_ml for each in found])
    return torch.cat([each.features for each in found]).clone(), volumes.log_volume(came)


def best_cut(parameters: Parameters, patients: Sequence[GrowthPatient]) -> float:
    """The chance from which on voxels are drawn as inside, by the mean Dice of `patients`."""
    cuts = np.arange(0.2, 0.61, 0.02)
    sums = np.zeros(len(cuts))
    for patient in progress(patients, "choosing where to draw"):
        for each in ahead(parameters, patient):
            sums += dice_by_cut(-each.chance, -cuts, each.inside)
    return float(cuts[sums.argmax()])


def judge(parameters: Parameters, patients: Sequence[GrowthPatient], dilation: Dilation) -> Judged:
    """All forecasts of `patients` beside the baselines."""
    rows = []
    for patient in progress(patients, "judging"):
        for each in ahead(parameters, patient):
            [of_volume] = volumes.volumes(parameters, each.features).tolist()
            simple = outlines(patient, each.visit, dilation)
            drawn = {CONVLSTM: each.chance >= float(parameters["drawn_from"]), **simple}
            sizes = {name: volume_ml(inside) for name, inside in drawn.items()} | {CONVLSTM: of_volume[1]}
            overlap = [dice(drawn[name], each.inside) for name in METHODS]
            errors = [abs(sizes[name] - each.volume_ml) for name in METHODS]
            now = sizes[NO_CHANGE]
            rows.append((patient.number, each.visit, overlap, errors, now, each.volume_ml, of_volume))
    return Judged(*map(np.array, zip(*rows, strict=True)))


def figures(judged: Judged, part: np.ndarray) -> dict[str, Any]:
    """Means of one `part` (R,) of the forecasts with intervals over patients: by method, and ConvLSTM minus each."""
    here = Judged(*(column[part] for column in judged))
    found: dict[str, Any] = {"patients": len(np.unique(here.patient)), "forecasts": len(here.patient)}
    for measure, values in ((DICE, here.dice), (ERROR, here.error)):
        means = _over_patients(here.patient, values)
        found[measure] = {name: _json(means[:, at]) for at, name in enumerate(METHODS)}
        apart = means[:, :1] - means
        found[f"{measure}: {CONVLSTM} minus"] = {name: _json(apart[:, at]) for at, name in enumerate(METHODS) if at}
    low, _, high = here.forecast.T
    holds = (low <= here.coming + ROUNDING_ML) & (here.coming <= high + ROUNDING_ML)
    found["90 % interval holds"] = _json(_over_patients(here.patient, holds))
    found["width of the interval, ml, median"] = round(float(np.median(high - low)), 2)
    return found


def parts(judged: Judged) -> dict[str, np.ndarray]:
    """The forecasts by what a reader asks: all, after how many visits, and what the lesion then did."""
    change = (judged.coming + 0.1) / (judged.now + 0.1)
    return {
        "all": np.ones(len(change), dtype=bool),
        "after the first visit": judged.visit == 0,
        "after the second visit": judged.visit == 1,
        "after later visits": judged.visit > 1,
        "lesion grows by 40 % or more": change >= 1.4,
        "between": (change < 1.4) & (change > 0.6),
        "lesion shrinks by 40 % or more": change <= 0.6,
    }


def _over_patients(patient: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Means of `values` (R, …), and of resamples of the patients: (1 + resamples, …)."""
    return over_patients(patient, lambda count: count @ values / count.sum(), RESAMPLING_SEED)


def _json(values: np.ndarray) -> list[float] | None:
    found: Estimate = estimate(values)
    return found.to_json()
