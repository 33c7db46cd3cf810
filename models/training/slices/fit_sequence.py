"""Fitting what reads along the slices: runs of slices, up or down, some of them missing, over what the encoder says.

All series at hand show a tumour. Runs without one are what a series without tumour looks like; half of them are such.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, binary_cross_entropy_with_logits

from models.imaging.augment import flipped, gaps, moved
from models.imaging.encoder import SliceEncoder
from models.imaging.network import FIRST, SECOND, Layer, SliceNetwork, SliceSequence
from models.training.slices.fit_encoder import MOVED, as_elsewhere, read
from models.training.slices.lesson import Lesson
from models.training.terminal import progress

COPIES, STEPS = 6, 240
"""How often each series is read, each time as elsewhere; steps, in each of which every series gives one run."""
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 0.1
SHORTEST = 5
"""Slices in a run."""
MOST_MISSING = 0.3
MAP = 6
"""Side of the maps that are kept."""
HIDDEN, DOUBT = 0.3, 1.0
"""Share of the embedding hidden, and standard deviation added to the encoder's log odds, which is surer of the patients
that it was taught with than it will be of others."""


class Run(NamedTuple):
    """What the encoder said of n runs of T slices, and what they show.

    `embedding` (T, n, E), `logit` (T, n), `maps` (T, n, C, MAP, MAP), `shows` (T, n). Of one series read several times,
    each time as elsewhere, n counts those.
    """

    embedding: Tensor
    logit: Tensor
    maps: Tensor
    shows: Tensor


def fit_sequence(encoder: SliceEncoder, lessons: Sequence[Lesson], random: torch.Generator) -> SliceSequence:
    """The layers along the slices, taught with what `encoder` says of `lessons`."""
    series, sequence = [heard(encoder, lesson, random) for lesson in lessons], SliceSequence()
    fit_along(sequence, lambda run: _loss(sequence, run), series, random)
    return sequence.eval()


def fit_second(network: SliceNetwork, lessons: Sequence[Lesson], seed: int) -> None:
    """Teach the second layer of `network` anew, over all that is before it: to correct the clearest slice.

    The first layer was taught beside one that said all of the series by itself. `seed` alone decides what comes out.
    """
    torch.manual_seed(seed)
    random, sequence = torch.Generator().manual_seed(seed), network.sequence
    series = [heard(network.encoder, lesson, random) for lesson in lessons]
    sequence.second, sequence.series_head = Layer(FIRST, SECOND), nn.Linear(SECOND, 1)
    taught = nn.ModuleList([sequence.second, sequence.series_head])
    fit_along(taught, lambda run: _loss_of_series(sequence, run), series, random)


def fit_along(
    module: nn.Module,
    loss_of: Callable[[Run], Tensor],
    series: Sequence[Run],
    random: torch.Generator,
) -> None:
    """Fit `module` by the loss of runs of `series`."""
    optimiser = torch.optim.AdamW(module.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, STEPS)
    for _ in progress(range(STEPS), "training the sequence"):
        loss = loss_of(_runs(series, random))
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimiser.step()
        schedule.step()


def heard(encoder: SliceEncoder, lesson: Lesson, random: torch.Generator, copies: int = COPIES) -> Run:
    """What `encoder` says of `lesson` as it is and, `copies` - 1 times, as another scanner would have shown it."""
    said = []
    with torch.no_grad():
        for copy in range(copies):
            pictures = lesson.pictures if copy == 0 else _elsewhere(lesson.pictures, random)
            said.append(read(encoder, pictures))
    embedding, logit = torch.stack([each.embedding for each in said], 1), torch.stack([each.logit for each in said], 1)
    maps = torch.stack([adaptive_avg_pool2d(each.maps, MAP) for each in said], 1)
    return Run(embedding, logit, maps, lesson.shows.float()[:, None].expand(-1, copies))


def _elsewhere(pictures: Tensor, random: torch.Generator) -> Tensor:
    """The whole series moved as one: its slices are channels of one picture."""
    as_one = moved(flipped(pictures.transpose(0, 1), random, 0.5), random, MOVED)
    return as_elsewhere(as_one.transpose(0, 1), random)


def _runs(series: Sequence[Run], random: torch.Generator) -> Run:
    """A run of each series, all of one length, the encoder less sure."""
    shortest = min(len(each.shows) for each in series)
    length = int(torch.randint(SHORTEST, shortest + 1, (1,), generator=random))
    missing = MOST_MISSING * float(torch.rand(1, generator=random))
    runs = [_run(each, length, missing, random) for each in series]
    embedding, logit, maps, shows = (torch.stack(part, 1) for part in zip(*runs, strict=True))
    hidden = torch.rand(embedding.shape, generator=random) < HIDDEN
    doubt = DOUBT * torch.randn(logit.shape, generator=random)
    return Run(embedding.masked_fill(hidden, 0.0) / (1 - HIDDEN), logit + doubt, maps, shows)


def _run(series: Run, length: int, missing: float, random: torch.Generator) -> tuple[Tensor, ...]:
    """`length` slices of one copy, or nearly, in half of the cases without tumour where there are so many in a row."""
    shows = series.shows[:, 0]
    starts = torch.arange(len(shows) - length + 1)
    free = torch.stack([shows[start : start + length].sum() == 0 for start in starts.tolist()])
    if free.any() and torch.rand(1, generator=random) < 0.5:
        starts = starts[free]
    start = int(starts[torch.randint(len(starts), (1,), generator=random)])
    rows = gaps(torch.arange(start, start + length), random, missing)
    rows = rows.flip(0) if torch.rand(1, generator=random) < 0.5 else rows
    copy = int(torch.randint(series.logit.shape[1], (1,), generator=random))
    return tuple(part[rows, copy] for part in series)


def _loss(sequence: SliceSequence, run: Run) -> Tensor:
    """Cross entropy of the slices, and of the series as the second layer says it by itself."""
    remembered = sequence.remembered(run.embedding, run.logit)
    said = run.logit + sequence.slice_head(remembered)[..., 0]
    series = binary_cross_entropy_with_logits(sequence.of_series(remembered), run.shows.amax(0))
    return binary_cross_entropy_with_logits(said, run.shows) + series


def _loss_of_series(sequence: SliceSequence, run: Run) -> Tensor:
    """Cross entropy of the series; the first layer learns nothing from it."""
    with torch.no_grad():
        remembered = sequence.remembered(run.embedding, run.logit)
    said = run.logit.amax(0) + sequence.of_series(remembered)
    return binary_cross_entropy_with_logits(said, run.shows.amax(0))
