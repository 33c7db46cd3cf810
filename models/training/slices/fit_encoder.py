"""Fitting the encoder: slices of all patients, moved, dimmed, with strange lesions, and where in them tumour lies."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, binary_cross_entropy_with_logits

from models.imaging.augment import coarser, flipped, ghosting, intensity, moved, noise, pasted
from models.imaging.encoder import SliceEncoder, SliceReading
from models.training.slices.lesson import SMALLEST_PIXELS, Lesson
from models.training.slices.simulated_lesions import drawn_into
from models.training.terminal import progress

STEPS, SLICES = 400, 24
"""Steps, and slices in each, half of them with tumour."""
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 0.05
PASTED, SIMULATED = 0.2, 0.2
"""Shares of the slices that a lesion of another slice is pasted into, and that one that nobody has is drawn into."""
MOVED, INTENSITY, NOISE = 0.15, 0.25, 0.02
SOFTENED, COARSER, GHOSTLY, GHOSTS = 0.2, 0.5, 0.1, 0.2
"""Share of the slices with fewer pixels, and how few; share of those with ghosts of motion, and how bright at most."""
PIXEL_WEIGHT, TUMOUR_WEIGHT = 4.0, 5.0
"""Of the loss of pixels beside that of slices; of a tumour's pixel beside another."""


class SlicesByTruth(NamedTuple):
    """All slices with a head: `pictures` and `outlined` (N, 1, S, S); rows `tumour` and `free` of those."""

    pictures: Tensor
    outlined: Tensor
    tumour: Tensor
    free: Tensor

    @classmethod
    def of(cls, lessons: Sequence[Lesson]) -> "SlicesByTruth":
        """Those of `lessons`."""
        head = ~torch.cat([lesson.blank for lesson in lessons])
        shows = torch.cat([lesson.shows for lesson in lessons])[head]
        pictures = torch.cat([lesson.pictures for lesson in lessons])[head]
        outlined = torch.cat([lesson.outlined for lesson in lessons])[head]
        return cls(pictures, outlined, torch.where(shows)[0], torch.where(~shows)[0])


def fit_encoder(lessons: Sequence[Lesson], random: torch.Generator) -> SliceEncoder:
    """The encoder taught with `lessons`; torch's own generator decides its first weights and what is dropped."""
    slices, encoder = SlicesByTruth.of(lessons), SliceEncoder()
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, STEPS)
    for _ in progress(range(STEPS), "training the encoder"):
        pictures, outlined = _batch(slices, random)
        loss = _loss(read(encoder, pictures), outlined)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return encoder.eval()


def read(encoder: SliceEncoder, pictures: Tensor) -> SliceReading:
    """What `encoder` says of `pictures`, in float32; products are of bfloat16, for half the time."""
    with torch.autocast("cpu", torch.bfloat16):
        reading = encoder(pictures)
    return SliceReading(*(part.float() for part in reading))


def as_elsewhere(pictures: Tensor, random: torch.Generator) -> Tensor:
    """`pictures` (N, 1, S, S) as another scanner, or another day, would have shown them."""
    shown = _some(pictures, SOFTENED, random, lambda some: coarser(some, random, COARSER * _share(random)))
    shown = _some(shown, GHOSTLY, random, lambda some: ghosting(some, random, GHOSTS * _share(random)))
    return noise(intensity(shown, random, INTENSITY), random, NOISE * _share(random))


def _some(pictures: Tensor, share: float, random: torch.Generator, changed: Callable[[Tensor], Tensor]) -> Tensor:
    """The `pictures`, a `share` of them as `changed` gives them back."""
    chosen = torch.rand(len(pictures), generator=random) < share
    return pictures.masked_scatter(chosen[:, None, None, None], changed(pictures[chosen])) if chosen.any() else pictures


def _share(random: torch.Generator) -> float:
    """From 0 to 1."""
    return float(torch.rand(1, generator=random))


def _batch(slices: SlicesByTruth, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pictures and outlines (SLICES, 1, S, S), as they are nowhere."""
    rows = torch.cat([_drawn(slices.tumour, SLICES // 2, random), _drawn(slices.free, SLICES // 2, random)])
    both = torch.cat([slices.pictures[rows], slices.outlined[rows]], 1)
    chance = torch.rand(SLICES, generator=random)
    given, drawn = chance < PASTED, (chance >= PASTED) & (chance < PASTED + SIMULATED)
    if given.any():
        donors = _drawn(slices.tumour, int(given.sum()), random)
        lesions = slices.pictures[donors], slices.outlined[donors]
        both[given] = pasted(both[given, :1], both[given, 1:], lesions, random)
    if drawn.any():
        both[drawn] = drawn_into(both[drawn, :1], both[drawn, 1:], random)
    both = moved(flipped(both, random, 0.5), random, MOVED)
    return as_elsewhere(both[:, :1], random), both[:, 1:]


def _loss(reading: SliceReading, outlined: Tensor) -> Tensor:
    """Of the pixels: cross entropy and overlap (Dice); of the slices: cross entropy."""
    truth, shows = avg_pool2d(outlined, 2), (outlined.sum((1, 2, 3)) > SMALLEST_PIXELS).float()
    weight = truth.new_tensor(TUMOUR_WEIGHT)
    pixels = binary_cross_entropy_with_logits(reading.pixels, truth, pos_weight=weight)
    share = torch.sigmoid(reading.pixels)
    overlap = (2 * (share * truth).sum() + 1) / ((share + truth).sum() + 1)
    return PIXEL_WEIGHT * pixels + 1 - overlap + binary_cross_entropy_with_logits(reading.logit, shows)


def _drawn(rows: Tensor, many: int, random: torch.Generator) -> Tensor:
    return rows[torch.randint(len(rows), (many,), generator=random)]
