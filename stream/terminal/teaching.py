"""What train and evaluate do for networks that read images: they learn from DICOM files instead of tables."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from stream.errors import WrongUse

if TYPE_CHECKING:
    from models.imaging.outlined import OutlinedSeries
    from models.judging.slices.evaluate import SliceEvaluation

SLICES, OUTLINES = "slices", "outlines"


def train_slices(data: Path, out: Path, seed: int) -> None:
    """Fit the classifier on the outlined series in `data`, write weights and card into `out`; WrongUse if it cannot."""
    from models.training.slices.train import TooFewPatients
    from models.training.slices.train import train_slices as fit_and_save

    with _series(data) as series:
        try:
            fit_and_save(series, out, seed)
        except TooFewPatients as error:
            raise WrongUse(str(error)) from None


def evaluate_slices(data: Path, draws: int) -> "SliceEvaluation":
    """Figures of the weights that come along on the outlined series in `data`; WrongUse if there are none.

    `draws`: how often patients are dealt to members that are fitted anew with fewer of them.
    """
    from models.imaging.image_card import COMMITTED_IMAGES
    from models.judging.slices.evaluate import evaluate_slices as judge

    with _series(data) as series:
        return judge(series, COMMITTED_IMAGES / SLICES, draws)


def train_outlines(data: Path, out: Path, seed: int) -> None:
    """Fit the network on the outlined series in `data` and write the bundle into `out`; WrongUse if it cannot."""
    from models.training.outlines.train import TooFewOutlined, train_bundle

    with _series(data) as series:
        try:
            figures = train_bundle(series, out, seed)
        except TooFewOutlined as error:
            raise WrongUse(str(error)) from None
    low, high = figures["mean_dice_95"]
    print(f"Dice coefficient of patients left out: {figures['mean_dice']} ({low} to {high}).")


@contextmanager
def _series(data: Path) -> "Iterator[list[OutlinedSeries]]":
    """The outlined series of a folder or a tar of DICOM files; what gives none is said on the terminal."""
    from stream.dicom.reading.volumes.outlined import outlined_series

    with _folder(data) as folder:
        found = outlined_series(sorted(path for path in folder.rglob("*") if path.is_file()))
        for sentence in found.unused:
            print(f"Not used: {sentence}")
        if not found.series:
            raise WrongUse(f"{data} holds no series of slices with a segmentation (SEG) that outlines a tumour in it.")
        yield found.series


@contextmanager
def _folder(data: Path) -> Iterator[Path]:
    """A folder as it is, a tar unpacked for the time being."""
    if data.is_dir():
        yield data
        return
    if not data.is_file() or not tarfile.is_tarfile(data):
        raise WrongUse(f"{data} is neither a folder nor a tar of DICOM files.")
    with TemporaryDirectory() as unpacked, tarfile.open(data) as archive:
        archive.extractall(unpacked, filter="data")
        yield Path(unpacked)
