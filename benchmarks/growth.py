"""The figures of docs/growth.md: `python -m benchmarks.growth FOLDER` with brain_tumor_progression in it.

What the card says of simulated patients, and the real pairs of scans: the second outline, registered to the first scan
(needs the extra `images`), beside the map forecast from the first. Takes some minutes on one core.
"""

import datetime as dt
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pydicom
import torch

from models.growth import forecaster
from models.growth.baselines import NO_CHANGE, RADIUS, RATE, Dilation
from models.growth.card import BEST_RADIUS, BEST_RATE, GROWTH_CARD, GrowthCard, load_growth
from models.growth.crop import ScanVolume, cropped, middle_mm
from models.growth.judge import CONVLSTM, DICE, ERROR, METHODS
from models.growth.maps import dice, signed_distance, volume_ml
from models.growth.network import FURTHEST_DAYS, VisitContext
from models.growth.registration import register
from models.growth.volumes import VolumeForecast
from models.judging.report import cell
from models.statistics.metrics import Estimate

FILE = Path(__file__).resolve().parents[1] / "docs" / "growth.md"
BEGIN, END = "<!-- measured: written by python -m benchmarks.growth -->", "<!-- end of what was measured -->"
SPACING_MM = (6.5, 0.86, 0.86)
"""The files' voxel size is a placeholder: this is what a head of 20 cm, and 15 cm from crown to base, would have."""
UNDER_TREATMENT = VisitContext(None, True, False, 1, 100.0)
"""All came after radiotherapy, most on a drug; which one and since when is not in the files."""


class RealPair(NamedTuple):
    """Two outlines of one lesion on its crop, days apart; `unregistered`: the second one where it was drawn."""

    patient: str
    days: float
    first: np.ndarray
    second: np.ndarray
    unregistered: np.ndarray


class RealForecast(NamedTuple):
    """What was forecast of a pair and what came; `overlaps` with the second outline in the order of NAMES."""

    patient: str
    days: float
    first_ml: float
    second_ml: float
    volume: VolumeForecast
    overlaps: tuple[float, ...]


NAMES = ("no change, not registered", CONVLSTM, NO_CHANGE, RADIUS, RATE)


def main(folder: Path) -> None:
    """Write the tables between the marks of the file."""
    torch.set_num_threads(1)
    card, parameters = load_growth(GROWTH_CARD)
    with tempfile.TemporaryDirectory() as unpacked:
        with tarfile.open(folder / "brain_tumor_progression" / "dicom.tar.gz") as packed:
            packed.extractall(unpacked, filter="data")
        pairs = [_pair(path) for path in sorted(Path(unpacked).iterdir())]
    text = "\n".join([*_simulated(card), *_real(card, parameters, pairs)])
    before, _, rest = FILE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    FILE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def _pair(patient: Path) -> RealPair:
    first, second = sorted(patient.iterdir())
    one, two = _scan(first), _scan(second)
    outline, later = _outline(first, one), _outline(second, two)
    middle, alignment = middle_mm(outline), register(one, two, affine=False)
    days = (_date(second) - _date(first)).days
    crops = (cropped(outline, middle), cropped(later, middle, alignment), cropped(later, middle))
    return RealPair(patient.name, float(days), *crops)


def _scan(study: Path) -> ScanVolume:
    """The slices by their place, from the feet."""
    slices = sorted((pydicom.dcmread(file) for file in (study / "MR").iterdir()), key=_place)
    return ScanVolume(np.stack([one.pixel_array for one in slices]).astype(np.float32), SPACING_MM)


def _outline(study: Path, scan: ScanVolume) -> ScanVolume:
    [file] = (study / "SEG").iterdir()
    segmentation, inside = pydicom.dcmread(file), np.zeros(scan.values.shape, dtype=bool)
    frames = zip(segmentation.PerFrameFunctionalGroupsSequence, segmentation.pixel_array, strict=True)
    for group, frame in frames:
        inside[round(_place(group.PlanePositionSequence[0]))] |= frame > 0
    return ScanVolume(inside, SPACING_MM)


def _place(dataset: pydicom.Dataset) -> float:
    """Along the slices; the placeholder makes it the slice's number."""
    return float(dataset.ImagePositionPatient[2])


def _date(study: Path) -> dt.date:
    return dt.datetime.strptime(study.name, "%Y%m%d").date()


def _simulated(card: GrowthCard) -> Iterator[str]:
    """What the card says: overlap, then error, by part of the forecasts; then the interval of the volume."""
    yield "### Simulated patients that the weights never saw\n"
    for measure in (DICE, ERROR):
        rows = [
            [name, f"{of['forecasts']}", *(_cell(of[measure][method]) for method in METHODS)]
            for name, of in card.metrics.items()
        ]
        yield f"{measure}, mean (95 % over patients):\n"
        yield from _table(["", "forecasts", *METHODS], rows)
    apart = [
        [
            name,
            *(
                _cell(of[f"{measure}: {CONVLSTM} minus"][method])
                for measure in (DICE, ERROR)
                for method in METHODS[1:3]
            ),
        ]
        for name, of in card.metrics.items()
    ]
    yield f"{CONVLSTM} minus the others, on the same patients:\n"
    heads = [f"{measure}, minus {method}" for measure in (DICE, ERROR) for method in METHODS[1:3]]
    yield from _table(["", *heads], apart)
    held = [
        [name, _cell(of["90 % interval holds"]), f"{of['width of the interval, ml, median']:.1f}"]
        for name, of in card.metrics.items()
    ]
    yield "The interval of the volume that says 90 %:\n"
    yield from _table(["", "holds", "median width, ml"], held)


def _real(card: GrowthCard, parameters: dict[str, torch.Tensor], pairs: Sequence[RealPair]) -> Iterator[str]:
    dilation = Dilation(*(float(card.training_data[name]) for name in (BEST_RADIUS, BEST_RATE)))
    found = [_forecast(parameters, pair, dilation) for pair in pairs]
    yield "### Real pairs of scans\n"
    rows = [[of.patient, f"{of.days:.0f}", *_volumes(of), *_overlaps(of.overlaps)] for of in found]
    mean = ["mean", "", "", "", "", *_overlaps(np.mean([of.overlaps for of in found], axis=0))]
    heads = ["patient", "days", "ml first", "ml second", "ml forecast (90 %)", *(f"Dice {name}" for name in NAMES)]
    yield from _table(heads, [*rows, mean])
    held = sum(of.volume.low <= of.second_ml <= of.volume.high for of in found)
    ours = np.mean([abs(of.volume.volume - of.second_ml) for of in found])
    same = np.mean([abs(of.first_ml - of.second_ml) for of in found])
    yield f"Of pairs further apart than {FURTHEST_DAYS:g} days, which no weights learned from, the forecast is for that"
    yield f"day. The interval holds the second volume in {held} of {len(found)}; the volume errs by {ours:.1f} ml on"
    yield f"the mean, no change by {same:.1f} ml.\n"


def _forecast(parameters: dict[str, torch.Tensor], pair: RealPair, dilation: Dilation) -> RealForecast:
    state = forecaster.step(parameters, forecaster.initial(), pair.first, UNDER_TREATMENT)
    found = forecaster.forecast(parameters, state, min(pair.days, FURTHEST_DAYS))
    distance = signed_distance(pair.first)
    moved = (pair.first, distance < dilation.radius_mm, distance < dilation.rate_mm * pair.days)
    overlaps = [dice(pair.first, pair.unregistered), *(dice(each, pair.second) for each in (found.inside, *moved))]
    return RealForecast(
        pair.patient, pair.days, volume_ml(pair.first), volume_ml(pair.second), found.volume, tuple(overlaps)
    )


def _volumes(of: RealForecast) -> Iterator[str]:
    yield from (f"{of.first_ml:.1f}", f"{of.second_ml:.1f}")
    yield f"{of.volume.volume:.1f} ({of.volume.low:.1f}, {of.volume.high:.1f})"


def _overlaps(overlaps: Sequence[float] | np.ndarray) -> Iterator[str]:
    yield from (f"{each:.3f}" for each in overlaps)


def _cell(estimate: Any) -> str:
    return cell(Estimate(*estimate)) if estimate else "-"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
