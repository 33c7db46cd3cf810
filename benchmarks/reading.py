"""Files per second from kept files to features, without a database: `python -m benchmarks.reading`.

Beside it pydicom alone decodes every element of the same files. Processor time and median of rounds in which both take
turns, so that other work counts little and the ratio can be compared across machines. It writes its table into
docs/benchmarks.md and ends with exit code 1 when a stated ratio is missed.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from pydicom import Dataset, dcmread

from benchmarks.report import Ratio
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.files import read_dataset
from stream.dicom.reading.header import read_header
from stream.dicom.reading.measurements import measure_scan
from stream.services.measuring.measurement import feature_rows
from stream.settings import Settings
from stream.simulated.segmentation import make_seg
from stream.simulated.synthetic import SyntheticLesion, make_series, make_sr, save

FILE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: written by python -m benchmarks.reading -->", "<!-- end of reading -->"
LESIONS, SLICES, SIDE = 5, 24, 128
ROUNDS = 5
NAMES = Pseudonyms(bytes(32))

Scan = Sequence[Path]


@dataclass(frozen=True)
class Kind:
    """Scans of one kind: how many a round reads, and the ratio to pydicom alone that they must not miss."""

    name: str
    scans: int
    stated: float
    datasets: Callable[[], list[Dataset]]


@dataclass(frozen=True)
class Rates:
    """Files per second of one kind: from kept files to features, and by pydicom alone."""

    kind: Kind
    files: int
    ours: float
    pydicom: float

    @property
    def ratio(self) -> Ratio:
        """How much of pydicom's pace is left once a file is understood as well."""
        return Ratio(f"pydicom alone, {self.kind.name}", self.ours / self.pydicom, self.kind.stated)


def _report() -> list[Dataset]:
    """A report after TID 1500."""
    numbers = {"longest_diameter": (20.0, "mm"), "volume": (4.0, "ml")}
    return [make_sr([SyntheticLesion(numbers, f"lesion-{number}") for number in range(LESIONS)])]


def _series() -> list[Dataset]:
    return make_series(_lesion() * np.uint16(800) + np.uint16(100))


def _segmented() -> list[Dataset]:
    images = _series()
    return [*images, make_seg([_lesion()], images)]


def _lesion() -> np.ndarray:
    mask = np.zeros((SLICES, SIDE, SIDE), bool)
    mask[6:18, 50:80, 50:80] = True
    return mask


KINDS = (
    Kind(f"SR of {LESIONS} lesions", 40, 0.15, _report),
    Kind(f"{SLICES} MR slices and SEG", 4, 0.15, _segmented),
    Kind(f"{SLICES} MR slices", 4, 0.3, _series),
)
"""What is stated is missed only by a change of the code: a busy machine slows both readers alike."""


def main() -> None:
    """Measure, write the table, print it."""
    with tempfile.TemporaryDirectory(prefix="scanstream-bench-") as folder:
        found = [measure(kind, Path(folder) / str(number)) for number, kind in enumerate(KINDS)]
    text = "\n".join(_table(found))
    before, _, rest = FILE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    FILE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    print(text)
    if missed := [one.ratio for one in found if not one.ratio.holds]:
        sys.exit("\n".join(f"{one.value:.3g} × {one.over}, stated is {one.stated:g}." for one in missed))


def measure(kind: Kind, folder: Path) -> Rates:
    """Rates of both readers over new files of one kind."""
    settings = Settings(data_dir=folder / "data")
    scans = [_saved(kind.datasets(), folder / str(number)) for number in range(kind.scans)]
    readers: list[Callable[[Scan], object]] = [lambda scan: to_features(scan, settings), _by_pydicom]
    rounds = [[_seconds(reader, scans) for reader in readers] for _ in range(1 + ROUNDS)]
    ours, pydicom = (median(seconds) for seconds in zip(*rounds[1:], strict=True))  # the first one warms up
    files = sum(map(len, scans))
    return Rates(kind, files, files / ours, files / pydicom)


def _saved(datasets: Sequence[Dataset], folder: Path) -> Scan:
    return [save(dataset, folder / f"{number:02}.dcm") for number, dataset in enumerate(datasets)]


def to_features(scan: Scan, settings: Settings) -> object:
    """What gateway and worker do with the kept files of a scan, but for the database."""
    for path in scan:
        read_header(read_dataset(path), settings, "BENCH")
    measured = measure_scan(scan, NAMES, "P1")
    return feature_rows("2.25.1", 1, measured, measured.disease_hint or "unknown")


def _by_pydicom(scan: Scan) -> object:
    """It decodes an element when it is first looked at: the next thing that is done with any file."""
    return [list(dcmread(path).iterall()) for path in scan]


def _seconds(reader: Callable[[Scan], object], scans: Sequence[Scan]) -> float:
    started = time.process_time()
    for scan in scans:
        reader(scan)
    return time.process_time() - started


def _table(found: Sequence[Rates]) -> Iterator[str]:
    yield "| kept files to features, files a second | files | ours | pydicom alone | ours over it | stated |"
    yield "|---|---|---|---|---|---|"
    for one in found:
        ratio = one.ratio
        verdict = f"≥ {ratio.stated:g}" + ("" if ratio.holds else ", missed")
        rates = f"{one.ours:,.0f} | {one.pydicom:,.0f} | {ratio.value:.3g}"
        yield f"| {one.kind.name} | {one.files} | {rates} | {verdict} |"


if __name__ == "__main__":
    main()
