"""Fitting the network for growth maps: slices of simulated patients, then the volumes of whole lesions."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from models.growth import network, volumes
from models.growth.cohort import GrowthPatient, GrowthVisit
from models.growth.maps import VOXELS, signed_distance
from models.growth.network import VisitContext, context_of
from models.training.terminal import progress

SLICES = 4
"""Slices of a patient that training sees: drawn among those the lesion ever touches and two beyond at either end.

Every other one begins at a later visit, as of a patient who comes under treatment.
"""
BEYOND = 2
BATCH, EPOCHS, LEARNING_RATE = 32, 30, 4e-3
VOLUME_EPOCHS, VOLUME_RATE, VOLUME_DECAY = 1500, 5e-3, 1e-3
START = ("edge", "edge_bias", "draw_bias", "bias", "volume_out", "volume_out_bias", "volume_in_bias")
"""What begins at zero, so that the first forecast is the last outline."""


class GrowthSlices(NamedTuple):
    """Slices of patients with the same number T of visits: `distance_mm` (N, T, Y, X), `context` (N, T, K), `gaps`
    (N, T − 1), days from each visit to the next.
    """

    distance_mm: Tensor
    context: Tensor
    gaps: Tensor


def distances(patient: GrowthPatient) -> np.ndarray:
    """Signed distances (T, Z, Y, X) to the outlines of all visits."""
    return np.stack([signed_distance(visit.inside) for visit in patient.visits])


def givens(visits: Sequence[GrowthVisit]) -> list[VisitContext]:
    """What is known of each visit beside its outline."""
    elapsed = [None, *(after.day - before.day for before, after in pairwise(visits))]
    return [
        VisitContext(days, visit.drug, visit.radiation, visit.line, visit.line_days)
        for days, visit in zip(elapsed, visits, strict=True)
    ]


def slices_of(patients: Sequence[GrowthPatient], seed: int) -> list[GrowthSlices]:
    """SLICES of each patient, gathered by how many visits there are."""
    rows = defaultdict[int, list[tuple[Tensor, Tensor, Tensor]]](list)
    for patient in progress(patients, "measuring distances"):
        random = np.random.default_rng([seed, patient.number])
        distance = torch.from_numpy(distances(patient)[:, _levels(patient, random)]).swapaxes(0, 1).half()
        for number, each in enumerate(distance):
            begins = int(random.integers(len(patient.visits) - 1)) if number % 2 else 0
            visits = patient.visits[begins:]
            context = torch.stack([context_of(given) for given in givens(visits)])
            gaps = torch.tensor([after.day - before.day for before, after in pairwise(visits)])
            rows[len(visits)].append((each[begins:], context, gaps))
    return [GrowthSlices(*map(torch.stack, zip(*each, strict=True))) for _, each in sorted(rows.items())]


def fit_maps(patients: Sequence[GrowthPatient], seed: int) -> dict[str, Tensor]:
    """Parameters of step and forecast, taught by the outline at each next visit; the seed says all of them."""
    random = torch.Generator().manual_seed(seed)
    data = slices_of(patients, seed)
    parameters = _initial(network.shapes(), random)
    optimiser = torch.optim.AdamW(parameters.values(), lr=LEARNING_RATE, weight_decay=1e-4)
    batches = sum(-(-len(each.gaps) // BATCH) for each in data)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, EPOCHS * batches)
    for _ in progress(range(EPOCHS), "training growth maps"):
        for batch in _batches(data, random):
            optimiser.zero_grad()
            torch.autograd.backward(_loss(parameters, batch))
            torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
            optimiser.step()
            schedule.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}


def fit_volumes(rows: Tensor, value: Tensor, seed: int) -> dict[str, Tensor]:
    """Parameters of the quantiles from features (N, F) and the logarithms (N,) of the volumes that came."""
    parameters = _initial(volumes.shapes(), torch.Generator().manual_seed(seed))
    fixed = {"volume_mean": rows.mean(0), "volume_scale": 1 / rows.std(0).clamp(min=1e-3)}
    fixed["volume_widening"] = torch.zeros(1)
    learned = {name: tensor for name, tensor in parameters.items() if name not in fixed}
    optimiser = torch.optim.AdamW(learned.values(), lr=VOLUME_RATE, weight_decay=VOLUME_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, VOLUME_RATE, VOLUME_EPOCHS)
    for _ in progress(range(VOLUME_EPOCHS), "training volumes"):
        optimiser.zero_grad()
        torch.autograd.backward(volumes.pinball(volumes.log_quantiles(learned | fixed, rows), value).mean())
        optimiser.step()
        schedule.step()
    return {name: tensor.detach() for name, tensor in (learned | fixed).items()}


def _loss(parameters: dict[str, Tensor], batch: GrowthSlices) -> Tensor:
    """Cross-entropy of the next outline, averaged over voxels and visits."""
    distance, visits = batch.distance_mm.float(), batch.gaps.shape[1]
    shown = [distance[:, visit] for visit in range(visits)]
    logits = network.unroll(parameters, shown, batch.context[:, :visits].unbind(1), batch.gaps.unbind(1))
    coming = (distance[:, 1:] < 0).float()
    return binary_cross_entropy_with_logits(torch.stack(logits, dim=1), coming)


def _batches(data: Sequence[GrowthSlices], random: torch.Generator) -> Iterator[GrowthSlices]:
    """All slices once, in random order, each batch turned or mirrored as a whole."""
    cuts = [
        (each, part) for each in data for part in torch.split(torch.randperm(len(each.gaps), generator=random), BATCH)
    ]
    for at in torch.randperm(len(cuts), generator=random).tolist():
        of, part = cuts[at]
        turns, mirrored = torch.randint(4, (2,), generator=random).tolist()
        distance = torch.rot90(of.distance_mm[part], turns, (2, 3))
        yield GrowthSlices(distance.flip(3) if mirrored % 2 else distance, of.context[part], of.gaps[part])


def _levels(patient: GrowthPatient, random: np.random.Generator) -> np.ndarray:
    touched = np.flatnonzero(np.any([visit.inside for visit in patient.visits], axis=(0, 2, 3)))
    first, last = max(0, touched[0] - BEYOND), min(VOXELS - 1, touched[-1] + BEYOND)
    among = np.arange(first, last + 1)
    levels: np.ndarray = random.choice(among, min(SLICES, len(among)), replace=False)
    return levels


def _initial(shapes: dict[str, tuple[int, ...]], random: torch.Generator) -> dict[str, Tensor]:
    """Uniform ± 1/√(inputs); what START names begins at zero."""
    parameters = {}
    for name, shape in shapes.items():
        full = torch.zeros(shape)
        if name not in START:
            bound = float(np.prod(shape[1:])) ** -0.5
            full.uniform_(-bound, bound, generator=random)
        parameters[name] = full.requires_grad_()
    return parameters
