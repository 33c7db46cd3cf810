"""Simulated patients with a growing lesion: tissue, rates, lines of therapy, irregular visits, outlines as drawn.

All numbers are ranges that published gliomas span or plain choices; nothing was fitted to a patient. Growth per day
around 0.012 (high-grade glioma) with D in white matter five times that in grey (Swanson 2000), radial growth of some
millimetres to four centimetres a year; a lesion is seen where cells exceed a share of what tissue holds, 0.16 (T2) to
0.8 (contrast-enhanced T1; Harpold, Alvord & Swanson, J Neuropathol Exp Neurol 2007;66:1-9).
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from models.growth.maps import SHAPE, SPACING_MM, VOXELS, volume_ml
from models.growth.network import FURTHEST_DAYS, LONGEST_LINE_DAYS, SOONEST_DAYS
from models.growth.simulation import Conductance, grown

SEED = 20261130
GREY_SHARE = 0.2  # of the diffusion in white matter
TISSUE_MM, DELIVERY_MM, READER_MM = 8.0, 10.0, 6.0  # over which tissue, a drug's delivery and a reader's line change
READER_ERROR_MM = 0.6  # a drawn line beside the true one, along each axis
UNTREATED_DAYS = 2500  # in which a lesion must have come to be seen
STARTS_DAYS, RADIATION_DAYS = 14, 42
EFFECTIVE_GY = 72.0  # 30 fractions of 2 Gy at α/β = 10 Gy: 60 · (1 + 2 / 10)
PER_GY = 0.012  # median α; below the usual 0.03, for killed tissue stays in sight for long
PROGRESSION = 1.4  # of the smallest volume, and a millilitre more
EDGE_VOXELS = 2  # a lesion this near to the crop's edge is followed no further
MOST_VISITS, LAST_DAY = 7, LONGEST_LINE_DAYS
PIECE_DAYS = 7  # in which kill is taken as constant
WIDEST_MM = 3.0  # √(D / ρ), how far a front reaches: of a wider one little is ever seen


class Therapy(NamedTuple):
    """One treatment of a line: its share of growth taken away, its kill per day, and how both wear off."""

    line: int
    radiation: bool
    start_day: float
    end_day: float
    slowing: float
    kill: float
    wears_off_days: float


class GrowthVisit(NamedTuple):
    """A visit: the outline as drawn, (Z, Y, X) bool, and what was given since the visit before."""

    day: float
    inside: np.ndarray
    drug: bool
    radiation: bool
    line: int
    line_days: float


class GrowthPatient(NamedTuple):
    """One simulated patient, visits by day; `rates` says what grew (D in mm²/day, ρ per day)."""

    number: int
    visits: tuple[GrowthVisit, ...]
    rates: dict[str, float]


class _Body(NamedTuple):
    conductance: Conductance
    growth: float
    delivery: np.ndarray  # of a treatment, around 1
    seen_from: float


def simulated(number: int, seed: int = SEED) -> GrowthPatient:
    """The patient of that number: each has random numbers of its own, whoever else is made.

    Drawn anew until the lesion comes to be seen in time, and again at a second visit.
    """
    random = np.random.default_rng([seed, number])
    while True:
        body, rates = _body(random)
        cells = _until_seen(body, random)
        visits = () if cells is None else tuple(_followed(cells, body, random))
        if len(visits) > 1:
            return GrowthPatient(number, visits, rates)


def smooth_field(random: np.random.Generator, correlation_mm: float) -> np.ndarray:
    """A random field (Z, Y, X) of mean 0 and standard deviation 1 that changes over `correlation_mm`."""
    field = ndimage.gaussian_filter(random.standard_normal(SHAPE), correlation_mm / SPACING_MM / 2, mode="wrap")
    field -= field.mean()
    smooth: np.ndarray = field / field.std()
    return smooth


def drawn(cells: np.ndarray, seen_from: float, random: np.random.Generator) -> np.ndarray:
    """The outline (Z, Y, X) bool a reader draws around what is seen: the true one, moved smoothly by some tenths."""
    moved = [READER_ERROR_MM / SPACING_MM * smooth_field(random, READER_MM) for _ in SHAPE]
    places = np.indices(SHAPE, dtype=np.float32) + np.stack(moved)
    inside: np.ndarray = ndimage.map_coordinates(cells, places, order=1, mode="nearest") >= seen_from
    return inside


def _body(random: np.random.Generator) -> tuple[_Body, dict[str, float]]:
    growth = float(np.exp(random.uniform(np.log(0.006), np.log(0.04))))
    front_mm = float(np.exp(random.uniform(np.log(5.0), np.log(40.0)))) / 365
    diffusion = min(WIDEST_MM**2 * growth, front_mm**2 / (4 * growth))  # in white matter
    white = smooth_field(random, TISSUE_MM) > random.uniform(-0.8, 0.5)
    field = np.where(white, diffusion, GREY_SHARE * diffusion)
    delivery = np.exp(0.5 * smooth_field(random, DELIVERY_MM) - 0.125)
    seen_from = float(random.uniform(0.16, 0.8))
    body = _Body(Conductance.of(field * _brain(random), SPACING_MM), growth, delivery.astype(np.float32), seen_from)
    return body, {"D": diffusion, "rho": growth, "seen_from": seen_from}


def _brain(random: np.random.Generator) -> np.ndarray:
    """Where cells can be: within a ball of 75 mm that the crop lies in somewhere, often at its edge."""
    direction = random.standard_normal(3)
    centre = direction / np.linalg.norm(direction) * random.uniform(20, 68)
    places = (np.indices(SHAPE) - (VOXELS - 1) / 2) * SPACING_MM
    ball: np.ndarray = np.square(places - centre[:, None, None, None]).sum(0) <= 75.0**2
    return ball


def _until_seen(body: _Body, random: np.random.Generator) -> np.ndarray | None:
    """Cells at the first visit: one to three places grow untreated until the volume seen reaches the patient's own."""
    wanted = float(np.exp(random.uniform(np.log(1.0), np.log(12.0))))
    cells = np.zeros(SHAPE, dtype=np.float32)
    for _ in range(int(random.integers(1, 4))):
        place = np.clip(VOXELS / 2 + random.normal(0, 2.5, 3), 4, VOXELS - 5).astype(int)
        cells[tuple(place)] = 1.0
    days = 0
    while volume_ml(cells >= body.seen_from) < wanted and days < UNTREATED_DAYS:
        cells = grown(cells, body.conductance, body.growth, 0.0, 10)
        days += 10
    return cells if days < UNTREATED_DAYS and not _at_edge(cells >= body.seen_from) else None


def _followed(cells: np.ndarray, body: _Body, random: np.random.Generator) -> Iterator[GrowthVisit]:
    """Visit after visit; the second line follows the visit that shows progression."""
    therapies = list(_first_line(body.growth, random))
    day, smallest, last_day, gone = 0.0, math.inf, -1.0, 0
    for _ in range(int(random.integers(3, MOST_VISITS + 1))):
        inside = drawn(cells, body.seen_from, random)
        if day > LAST_DAY or _at_edge(inside):
            return
        yield _visit(day, last_day, inside, therapies)
        volume = volume_ml(inside)
        smallest, gone = min(smallest, volume), 0 if volume else gone + 1
        if gone == 2:
            return
        if volume > PROGRESSION * smallest + 1.0 and therapies[-1].line == 1:
            therapies = [each._replace(end_day=min(each.end_day, day)) for each in therapies]
            therapies.append(_drug(2, day + STARTS_DAYS, body.growth, random))
        gap = float(np.clip(np.round(np.exp(random.normal(np.log(65), 0.4))), SOONEST_DAYS, FURTHEST_DAYS))
        cells, last_day, day = _treated(cells, body, therapies, day, day + gap), day, day + gap


def _first_line(growth: float, random: np.random.Generator) -> Iterator[Therapy]:
    if random.random() < 0.5:
        log_kill = float(np.exp(random.normal(np.log(PER_GY), 0.6))) * EFFECTIVE_GY
        until = STARTS_DAYS + RADIATION_DAYS
        yield Therapy(1, True, STARTS_DAYS, until, 0.0, log_kill / RADIATION_DAYS, math.inf)
    yield _drug(1, STARTS_DAYS, growth, random)


def _drug(line: int, start_day: float, growth: float, random: np.random.Generator) -> Therapy:
    """Slows growth by up to all of it and kills up to as fast as cells grow, until resistance."""
    slowing, kill = float(random.uniform(0, 1)), growth * float(random.uniform(0, 0.8) * (random.random() < 0.5))
    return Therapy(line, False, start_day, math.inf, slowing, kill, float(random.uniform(60, 400)))


def _treated(cells: np.ndarray, body: _Body, therapies: list[Therapy], from_day: float, to_day: float) -> np.ndarray:
    day = from_day
    while day < to_day:
        piece = min(PIECE_DAYS, to_day - day)
        slowing, kill = 0.0, 0.0
        for each in therapies:
            if each.start_day <= day < each.end_day:
                left = math.exp(-(day - each.start_day) / each.wears_off_days)
                slowing, kill = max(slowing, each.slowing * left), kill + each.kill * left
        cells = grown(cells, body.conductance, body.growth * (1 - slowing), kill * body.delivery, piece)
        day += piece
    return cells


def _visit(day: float, last_day: float, inside: np.ndarray, therapies: list[Therapy]) -> GrowthVisit:
    given = [each for each in therapies if each.start_day < day and each.end_day > last_day]
    now = [each for each in given if not each.radiation and each.end_day >= day]
    line = max((each.line for each in given), default=0)
    since = day - min((each.start_day for each in given if each.line == line), default=day)
    return GrowthVisit(day, inside, bool(now), any(each.radiation for each in given), line, since)


def _at_edge(inside: np.ndarray) -> bool:
    core = np.zeros_like(inside)
    core[(slice(EDGE_VOXELS, -EDGE_VOXELS),) * 3] = True
    return bool((inside & ~core).any())
