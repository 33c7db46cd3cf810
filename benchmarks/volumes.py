"""Seconds from the kept slices of a CT series to a cube of 64³, without a database: `python -m benchmarks.volumes`.

Beside it the bare decoders: what decodes the same pixel data in one process and does nothing else. Both take turns, and
medians of rounds count, so that the ratio can be compared across machines; the seconds are those of a quiet one. It
writes its table into docs/benchmarks.md and ends with exit code 1 when a stated ratio is missed.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np
from pydicom import Dataset, dcmread, uid
from pydicom.encaps import generate_frames
from pydicom.pixels import get_decoder

from benchmarks.report import Ratio
from models.imaging.preprocess import resampled
from stream.dicom.reading.decoder_child import PLUGINS
from stream.dicom.reading.files import read_beginning
from stream.dicom.reading.pictures.image_stacks import Image
from stream.dicom.reading.volumes.series_volume import series_volume
from stream.simulated.synthetic import make_series, save

FILE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: written by python -m benchmarks.volumes -->", "<!-- end of volumes -->"
SLICES, SIDE, DIFFERENT = 300, 512, 20
CUBE = (64, 64, 64)
ROUNDS = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Syntax:
    """A way to store slices: seconds that are aimed at, and the pace of bare decoders that must not be missed."""

    name: str
    transfer_syntax: uid.UID
    aim_s: float
    stated: float


SYNTAXES = (
    Syntax("raw", uid.ExplicitVRLittleEndian, 0.5, 0.1),
    Syntax("RLE", uid.RLELossless, 1.2, 0.15),
    Syntax("JPEG 2000", uid.JPEG2000Lossless, 6.0, 0.7),
)
"""What is stated is missed only by a change of the code; with a core to spare a second child decodes too."""


@dataclass(frozen=True)
class Seconds:
    """Of one syntax: our way to the volume, from there to the cube, and by bare decoders."""

    syntax: Syntax
    volume: float
    cube: float
    bare: float

    @property
    def ratio(self) -> Ratio:
        """Our pace over that of bare decoders."""
        return Ratio(f"bare decoders, {self.syntax.name}", self.bare / (self.volume + self.cube), self.syntax.stated)


def main() -> None:
    """Measure, write the table, print it."""
    with tempfile.TemporaryDirectory(prefix="scanstream-bench-") as folder:
        slices = _slices()
        found = [measure(syntax, _saved(slices, syntax, Path(folder) / syntax.name)) for syntax in SYNTAXES]
    text = "\n".join(_table(found))
    before, _, rest = FILE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    FILE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    print(text)
    if missed := [one.ratio for one in found if not one.ratio.holds]:
        sys.exit("\n".join(f"{one.value:.3g} × {one.over}, stated is {one.stated:g}." for one in missed))


def measure(syntax: Syntax, files: Sequence[Path]) -> Seconds:
    """Medians over rounds in which ours and the bare decoder take turns; the first round warms up."""
    rounds = []
    for _ in range(1 + ROUNDS):
        to_volume, volume = _timed(lambda: series_volume([Image(path, read_beginning(path)) for path in files]))
        to_cube, _ = _timed(lambda volume=volume: resampled(volume, CUBE))
        bare, _ = _timed(lambda: _by_bare_decoders(files, syntax.transfer_syntax))
        rounds.append((to_volume, to_cube, bare))
    return Seconds(syntax, *(median(seconds) for seconds in zip(*rounds[1:], strict=True)))


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _by_bare_decoders(files: Sequence[Path], transfer_syntax: uid.UID) -> None:
    """Read each file and decode its pixel data into one array: no order, no unit, no limits."""
    values = np.empty((len(files), SIDE, SIDE), np.float32)
    for level, path in enumerate(files):
        dataset = dcmread(path)
        if transfer_syntax not in PLUGINS:
            values[level] = np.frombuffer(dataset.PixelData, np.uint16).reshape(SIDE, SIDE)
            continue
        decoder = get_decoder(transfer_syntax)
        values[level], _ = decoder.as_array(dataset, raw=True, decoding_plugin=PLUGINS[transfer_syntax])


def _slices() -> list[Dataset]:
    """A body in air with noise, as CT: some slices that differ, taken again and again."""
    random = np.random.default_rng(1)
    rows, columns = np.indices((SIDE, SIDE)) / SIDE - 0.5
    inside = (rows / 0.3) ** 2 + (columns / 0.42) ** 2 < 1
    noise = random.normal(size=(DIFFERENT, SIDE, SIDE)) * np.where(inside, 12, 4)
    pixels = np.clip(np.where(inside, 1064, 24) + noise, 0, 4095).astype(np.uint16)
    about = {"SOPClassUID": uid.CTImageStorage, "Modality": "CT", "RescaleSlope": "1", "RescaleIntercept": "-1024"}
    return make_series(pixels[np.arange(SLICES) % DIFFERENT], (1.0, 0.7, 0.7), **about)


def _saved(slices: Sequence[Dataset], syntax: Syntax, folder: Path) -> list[Path]:
    files = [save(one, folder / f"{number:03}.dcm") for number, one in enumerate(slices)]
    if syntax.transfer_syntax in PLUGINS:
        encoded = [_compressed(path, syntax.transfer_syntax) for path in files[:DIFFERENT]]
        for number, path in enumerate(files):
            dataset = dcmread(path)
            dataset.PixelData = encoded[number % DIFFERENT]
            dataset["PixelData"].is_undefined_length = True
            dataset.file_meta.TransferSyntaxUID = syntax.transfer_syntax
            dataset.save_as(path)
    return files


def _compressed(path: Path, transfer_syntax: uid.UID) -> bytes:
    dataset = dcmread(path)
    dataset.compress(transfer_syntax, generate_instance_uid=False)
    assert len(list(generate_frames(dataset.PixelData, number_of_frames=1))) == 1
    return bytes(dataset.PixelData)


def _table(found: Sequence[Seconds]) -> Iterator[str]:
    what = f"{SLICES} CT slices of {SIDE}² → 64³"
    yield f"| {what} | to the volume, s | to the cube, s | bare decoders, s | pace over theirs | stated | aim |"
    yield "|---|---|---|---|---|---|---|"
    for one in found:
        ratio, total = one.ratio, one.volume + one.cube
        verdict = f"≥ {ratio.stated:g}" + ("" if ratio.holds else ", missed")
        aim = f"≤ {one.syntax.aim_s:g} s: {'met' if total <= one.syntax.aim_s else 'missed'} ({total:.2f} s)"
        seconds = f"{one.volume:.2f} | {one.cube:.2f} | {one.bare:.2f}"
        yield f"| {one.syntax.name} | {seconds} | {ratio.value:.2f} | {verdict} | {aim} |"


if __name__ == "__main__":
    main()
