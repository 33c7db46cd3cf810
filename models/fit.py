"""Fitting an ensemble: all members at once, each on its own resample of the patients, in full batches."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, pad

from models.blueprints import Blueprint
from models.card import Architecture, Card, patient_sha256
from models.features import FEATURE_VERSION
from models.forecaster import Forecaster
from models.hazard import intervals, negative_log_likelihood
from models.history import cell_names
from models.lstm import State
from models.network import Normaliser, initial_state, shapes, state_size, step
from models.samples import Samples, samples
from models.terminal import progress
from models.timelines import Timeline

INTENDED_USE = "Research use only. Not a medical device; not for decisions about a patient's care."


def fit(blueprint: Blueprint, timelines: Sequence[Timeline], seed: int) -> dict[str, Tensor]:
    """Parameters of the ensemble trained on `usable` timelines; the same seed gives the same bits on one machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums split over threads round differently
    try:
        longest_first = sorted(timelines, key=lambda timeline: -len(timeline.visits))
        return _fit(blueprint, samples(longest_first, blueprint), torch.Generator().manual_seed(seed))
    finally:
        torch.set_num_threads(threads)


def fit_forecaster(blueprint: Blueprint, timelines: Sequence[Timeline], seed: int) -> Forecaster:
    """The ensemble trained on `usable` timelines, ready to forecast; it has no file and no figures."""
    parameters = fit(blueprint, timelines, seed)
    return Forecaster(card_of(blueprint, timelines, seed, {}), parameters, torch.device("cpu"))


def unroll(blueprint: Blueprint, parameters: dict[str, Tensor], inputs: Tensor, context: Tensor, of: Samples) -> Tensor:
    """Logits (T, E, N, K) of whole timelines: standardised `inputs` (T, N, I), `context` (T, E or 1, N, C).

    Patients come with the most visits first, so that the absent are a tail that needs no step; their logits are 0.
    """
    hidden, cell = initial_state(blueprint.architecture, inputs.shape[1])
    found = []
    for visit, here in enumerate(of.present.sum(1).tolist()):
        times = (of.elapsed_days[visit, :here], of.days[visit, :here])
        before = State(hidden[:, :here], cell[:, :here])
        logits, (hidden, cell) = step(
            blueprint.architecture, parameters, inputs[visit, :here], context[visit, :, :here], times, before
        )
        found.append(pad(logits, (0, 0, 0, inputs.shape[1] - here)))
    return torch.stack(found)


def _fit(blueprint: Blueprint, data: Samples, random: torch.Generator) -> dict[str, Tensor]:
    to_inputs, to_context = Normaliser.of(data.inputs[data.present]), Normaliser.of(data.context[data.present])
    inputs, context = to_inputs(data.inputs), to_context(data.context)[:, None]
    parameters = _initial(blueprint, random)
    weights = _resampled(blueprint, data, random)
    optimiser = _optimiser(blueprint, parameters)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, blueprint.learning_rate, blueprint.epochs)
    for _ in progress(range(blueprint.epochs), f"training {blueprint.model}"):
        shown = context * _kept(blueprint, inputs.shape[1], random)
        loss = (_losses(blueprint, unroll(blueprint, parameters, inputs, shown, data), data) * weights).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    fixed = {"input_mean": to_inputs.mean, "input_scale": to_inputs.scale}
    fixed |= {"context_mean": to_context.mean, "context_scale": to_context.scale}
    return {name: tensor.detach() for name, tensor in {**parameters, **fixed}.items()}


def _initial(blueprint: Blueprint, random: torch.Generator) -> dict[str, Tensor]:
    """Uniform ± 1/√H as in torch.nn.LSTM; the linear part starts at zero."""
    architecture = blueprint.architecture
    bound = architecture.hidden**-0.5
    parameters = {}
    for name, shape in shapes(architecture).items():
        full = torch.zeros(architecture.members, *shape)
        if name not in ("linear", "context", "offset", "head"):
            full.uniform_(-bound, bound, generator=random)
        parameters[name] = full.requires_grad_()
    return parameters


def _optimiser(blueprint: Blueprint, parameters: dict[str, Tensor]) -> torch.optim.Optimizer:
    """AdamW; biases set the level of risk and are not pulled to zero."""

    def decay(name: str) -> float:
        if name in ("bias", "bias_d", "offset"):
            return 0.0
        return blueprint.context_decay if name == "context" else blueprint.weight_decay

    groups = [{"params": [tensor], "weight_decay": decay(name)} for name, tensor in parameters.items()]
    return torch.optim.AdamW(groups, lr=blueprint.learning_rate)


def _resampled(blueprint: Blueprint, data: Samples, random: torch.Generator) -> Tensor:
    """Weights (T, E, N) of the visits: how often each member drew the patient, summing to 1 per member."""
    patients, members = data.present.shape[1], blueprint.architecture.members
    drawn = torch.randint(patients, (members, patients), generator=random)
    counts = torch.zeros(members, patients).scatter_add_(1, drawn, torch.ones(members, patients))
    weights = counts * data.labelled[:, None]
    return weights / weights.sum((0, 2), keepdim=True).clamp(min=1.0)


def _kept(blueprint: Blueprint, patients: int, random: torch.Generator) -> Tensor:
    """Mask (E, N, 1): whose clinical facts are shown in this epoch."""
    drawn = torch.rand(blueprint.architecture.members, patients, 1, generator=random)
    return (drawn >= blueprint.context_dropout).float()


def _losses(blueprint: Blueprint, logits: Tensor, data: Samples) -> Tensor:
    """Loss (T, E, N) of every visit from logits (T, E, N, K)."""
    ends = blueprint.architecture.interval_ends_days
    if ends:
        label, mask = intervals(data.time_days[:, None], data.event[:, None], ends)
        return negative_log_likelihood(logits, label, mask)
    label = data.event[:, None].expand(logits.shape[:-1])
    return binary_cross_entropy_with_logits(logits[..., 0], label, reduction="none")


def card_of(blueprint: Blueprint, timelines: Sequence[Timeline], seed: int, metrics: Mapping[str, Any]) -> Card:
    """The card of weights fitted on `timelines`; `save_weights` fills in the sha256."""
    return Card(
        model=blueprint.model,
        weights_sha256="",
        feature_version=FEATURE_VERSION,
        architecture=blueprint.architecture,
        endpoints=blueprint.endpoints,
        state_layout=_layout(blueprint.architecture),
        applies_to=blueprint.applies_to,
        training_data={
            "attribution": blueprint.source,
            "licence": blueprint.licence,
            "patients": len(timelines),
            "visits": sum(len(timeline.visits) for timeline in timelines),
            "patient_sha256": sorted(patient_sha256(timeline.patient_id) for timeline in timelines),
        },
        seed=seed,
        metrics=metrics,
        intended_use=INTENDED_USE,
    )


def _layout(architecture: Architecture) -> dict[str, Any]:
    return {
        "dtype": "float32",
        "size": state_size(architecture),
        "order": "members × layers × (h, c), then cells",
        "members": architecture.members,
        "layers": 1,
        "hidden": architecture.hidden,
        "cells": cell_names(architecture.feature_names),
    }
