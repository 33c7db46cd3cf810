"""Fitting an ensemble: all members at once, each on its own resample of the patients, in full batches."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn.functional import pad

from models.serving.forecaster import Forecaster
from models.serving.hazard import intervals, negative_log_likelihood
from models.serving.history import headroom_of, input_names
from models.serving.lstm import State
from models.serving.mixture import negative_log_likelihood as size_loss
from models.serving.mixture import start
from models.serving.network import Moment, NetworkOutput, Normaliser, initial_state, shapes, step
from models.serving.stack import BOOSTING, LOGISTIC, packed
from models.tables.records import PatientRecord
from models.training import boosting, fit_rhythm
from models.training.blueprints import Blueprint
from models.training.corruption import corrupted, date_jitter, dropped_visits, rescaled
from models.training.fitted_card import card_of
from models.training.landmarks import Landmarks, landmarks
from models.training.samples import Samples, samples
from models.training.terminal import progress

# Each patient is also seen otherwise, labels anew. With sizes times a factor of the patient's own: the 5 mm of the
# limit weigh differently for small and large lesions, and the network should know that for sizes it never saw. And as a
# clinic sends them, on other days and with visits missed. Other readings make risks too high (docs/forecasts.md).
COPIES = 6
SEEN_OTHERWISE = ((rescaled, 0.25), (date_jitter, 3.0), (dropped_visits, 0.15))
# Within a year so few visits are followed to their end that trees are too extreme (slope below 0.5, docs/forecasts.md).
TREES_REACH_DAYS = 180


class TrainingSet(NamedTuple):
    """Patients as `samples`, those with the most visits first; `order` (N,) says which of all each of them is."""

    samples: Samples
    order: Tensor

    @classmethod
    def of(cls, records: Sequence[PatientRecord], blueprint: Blueprint) -> "TrainingSet":
        """All `records`."""
        order = sorted(range(len(records)), key=lambda n: -len(records[n].visits))
        return cls(samples([records[n] for n in order], blueprint), torch.tensor(order))


def fit(blueprint: Blueprint, records: Sequence[PatientRecord], seed: int) -> dict[str, Tensor]:
    """Parameters of the ensemble trained on `usable` records.

    The same seed gives the same bits on one kind of processor, however many cores it has.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums split over threads round differently
    try:
        with threadpool_limits(1):
            longest_first = sorted(records, key=lambda record: -len(record.visits))
            network = _fit(
                blueprint, list(_training_sets(longest_first, blueprint, seed)), torch.Generator().manual_seed(seed)
            )
            return network | _simple(blueprint, longest_first, seed)
    finally:
        torch.set_num_threads(threads)


def fit_forecaster(blueprint: Blueprint, records: Sequence[PatientRecord], seed: int) -> Forecaster:
    """The ensemble trained on `usable` records, ready to forecast; it has no file and no figures."""
    parameters = fit(blueprint, records, seed)
    return Forecaster(card_of(blueprint, records, seed, {}), parameters, torch.device("cpu"))


def unroll(
    blueprint: Blueprint, parameters: dict[str, Tensor], inputs: Tensor, context: Tensor, of: Samples
) -> NetworkOutput:
    """What every visit of records says, (T, E, N, …): standardised `inputs` (T, N, I), `context` (T, E or 1, N, C).

    Patients come with the most visits first, so that the absent are a tail that needs no step; their outputs are 0.
    """
    hidden, cell = initial_state(blueprint.architecture, inputs.shape[1])
    outputs = []
    for visit, here in enumerate(of.present.sum(1).tolist()):
        headroom = headroom_of(of.inputs[visit, :here], blueprint.architecture.feature_names)
        moment = Moment(of.elapsed_days[visit, :here], of.days[visit, :here], headroom)
        before = State(hidden[:, :here], cell[:, :here])
        output, (hidden, cell) = step(
            blueprint.architecture, parameters, inputs[visit, :here], context[visit, :, :here], moment, before
        )
        outputs.append([pad(part, (0, 0, 0, inputs.shape[1] - here)) for part in output])
    return NetworkOutput(*map(torch.stack, zip(*outputs, strict=True)))


def _training_sets(records: Sequence[PatientRecord], blueprint: Blueprint, seed: int) -> Iterator[TrainingSet]:
    """The records as they are; where sizes are forecast also otherwise."""
    yield TrainingSet.of(records, blueprint)
    for copy in range(COPIES if blueprint.architecture.size_days else 0):
        otherwise = list(records)
        for number, (corruption, strength) in enumerate(SEEN_OTHERWISE):
            otherwise = corrupted(otherwise, corruption, strength, (seed, copy, number))
        yield TrainingSet.of(otherwise, blueprint)


def _fit(blueprint: Blueprint, seen: Sequence[TrainingSet], random: torch.Generator) -> dict[str, Tensor]:
    """In each epoch all patients at once, by turns as they are and otherwise."""
    data = seen[0].samples
    to_inputs, to_context = Normaliser.of(data.inputs[data.present]), Normaliser.of(data.context[data.present])
    parameters = _initial(blueprint, random, _shares(blueprint, data))
    counts = _drawn(blueprint, data.present.shape[1], random)
    weights = [_weights(counts[:, order], now.labelled) for now, order in seen]
    optimiser = _optimiser(blueprint, parameters)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, blueprint.learning_rate, blueprint.epochs)
    for epoch in progress(range(blueprint.epochs), f"training {blueprint.model}"):
        turn = epoch % len(seen)
        now, context = seen[turn].samples, to_context(seen[turn].samples.context)[:, None]
        shown = context * _kept(blueprint, context.shape[2], random)
        output = unroll(blueprint, parameters, to_inputs(now.inputs), shown, now)
        losses = _losses(blueprint, output.logits, now) + _size_losses(blueprint, output.sizes, now)
        loss = (losses * weights[turn]).sum()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
    fixed = {"input_mean": to_inputs.mean, "input_scale": to_inputs.scale}
    fixed |= {"context_mean": to_context.mean, "context_scale": to_context.scale}
    return {name: tensor.detach() for name, tensor in {**parameters, **fixed}.items()}


def _shares(blueprint: Blueprint, data: Samples) -> Tensor:
    """Share (K,) of the labelled visits with the event, by output."""
    label, mask = _labels(blueprint, data)
    counted = mask * data.labelled[..., None]
    shares = (label * counted).sum((0, 1)) / counted.sum((0, 1)).clamp(min=1.0)
    return shares.clamp(0.001, 0.999)


def _initial(blueprint: Blueprint, random: torch.Generator, shares: Tensor) -> dict[str, Tensor]:
    """Uniform ± 1/√H as in torch.nn.LSTM; the linear part starts at zero, its offset at the shares of events (K,)."""
    architecture = blueprint.architecture
    bound = architecture.hidden**-0.5
    parameters = {}
    for name, shape in shapes(architecture).items():
        full = torch.zeros(architecture.members, *shape)
        if name not in ("linear", "context", "offset", "head", "sizes", "sizes_offset", "link"):
            full.uniform_(-bound, bound, generator=random)
        if name == "sizes_offset":
            full += start()
        if name == "offset":
            full += torch.logit(shares)
        parameters[name] = full.requires_grad_()
    return parameters


def _optimiser(blueprint: Blueprint, parameters: dict[str, Tensor]) -> torch.optim.Optimizer:
    """AdamW; biases set the level of risk and are not pulled to zero."""

    def decay(name: str) -> float:
        if name in ("bias", "bias_d", "offset", "sizes_offset", "link"):
            return 0.0
        return blueprint.context_decay if name == "context" else blueprint.weight_decay

    groups = [{"params": [tensor], "weight_decay": decay(name)} for name, tensor in parameters.items()]
    return torch.optim.AdamW(groups, lr=blueprint.learning_rate)


def _drawn(blueprint: Blueprint, patients: int, random: torch.Generator) -> Tensor:
    """How often (E, N) each member drew each patient."""
    members = blueprint.architecture.members
    drawn = torch.randint(patients, (members, patients), generator=random)
    return torch.zeros(members, patients).scatter_add_(1, drawn, torch.ones(members, patients))


def _weights(counts: Tensor, labelled: Tensor) -> Tensor:
    """Weights (T, E, N) of the visits that are `labelled` (T, N): their patient's counts, summing to 1 per member."""
    weights = counts * labelled[:, None]
    return weights / weights.sum((0, 2), keepdim=True).clamp(min=1.0)


def _kept(blueprint: Blueprint, patients: int, random: torch.Generator) -> Tensor:
    """Mask (E, N, 1): whose clinical facts are shown in this epoch."""
    drawn = torch.rand(blueprint.architecture.members, patients, 1, generator=random)
    return (drawn >= blueprint.context_dropout).float()


def _labels(blueprint: Blueprint, data: Samples) -> tuple[Tensor, Tensor]:
    """Label and mask (T, N, K) of the outputs."""
    ends = blueprint.architecture.interval_ends_days
    if ends:
        return intervals(data.time_days, data.event, ends)
    return data.event[..., None], torch.ones_like(data.event)[..., None]


def _losses(blueprint: Blueprint, logits: Tensor, data: Samples) -> Tensor:
    """Loss (T, E, N) of every visit from logits (T, E, N, K)."""
    label, mask = _labels(blueprint, data)
    return negative_log_likelihood(logits, label[:, None], mask[:, None])


def _size_losses(blueprint: Blueprint, head: Tensor, data: Samples) -> Tensor:
    """Loss (T, E, N) of the size at the visit after each, from heads (T, E, N, 5 M); 0 where it was not measured."""
    if not blueprint.architecture.size_days:
        return torch.zeros(())
    names = input_names(blueprint.architecture.feature_names)
    level = data.inputs[..., names.index("sum_of_diameters.level")]
    measured = data.inputs[1:, :, names.index("sum_of_diameters.measured")] > 0
    known = pad(measured & data.present[1:], (0, 0, 0, 1))
    now, coming = torch.nan_to_num(level), pad(torch.nan_to_num(level[1:]), (0, 0, 0, 1))
    ahead_days = pad(data.elapsed_days[1:], (0, 0, 0, 1))
    return size_loss(head, ahead_days[:, None], now[:, None], coming[:, None]) * known[:, None]


def _simple(blueprint: Blueprint, records: Sequence[PatientRecord], seed: int) -> dict[str, Tensor]:
    """The simple models of a stack, taught on all visits at which the event could still happen."""
    rows = landmarks(records, blueprint)
    fits = {
        LOGISTIC: lambda: fit_rhythm.fit(blueprint.architecture, rows, blueprint.endpoints),
        BOOSTING: lambda: _trees(blueprint, rows, seed),
    }
    arrays: dict[str, Tensor] = {}
    for kind in blueprint.architecture.stacked:
        arrays |= packed(kind, fits[kind]())
    return arrays


def _trees(blueprint: Blueprint, rows: Landmarks, seed: int) -> dict[str, np.ndarray]:
    """Trees for what is within their reach; they do not answer beyond it."""
    arrays = boosting.fit(blueprint, rows, blueprint.endpoints, seed)
    beyond = [(each.horizon_days or 0) > TREES_REACH_DAYS for each in blueprint.endpoints]
    return {**arrays, "start": np.where(beyond, np.nan, arrays["start"])}
