"""Kept files as datasets: what cannot be read, or is too large to hold, is set aside with a sentence."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom import Dataset, config, dcmread

from stream.errors import SetAside
from stream.vocabulary import ReasonCode

config.settings.reading_validation_mode = config.IGNORE
warnings.filterwarnings("ignore", module="pydicom")  # they quote the values, names among them

MAX_FILE_BYTES = 2**30
"""Largest file that is read as a whole: reports, segmentations and images stay below some 100 MiB, and a worker holds
one of them beside its model."""


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn what pydicom raises on damaged elements, when they are first looked at, into SetAside(decode_failed).

    A disk that cannot be read or a memory that is full says nothing about the file and passes through.
    """
    try:
        yield
    except (SetAside, OSError, MemoryError):
        raise
    except Exception as error:  # it raises what it likes
        raise SetAside(
            ReasonCode.DECODE_FAILED, f"The {what} cannot be read as DICOM ({type(error).__name__})."
        ) from None


def read_dataset(path: Path, pixels: bool = False) -> Dataset:
    """The dataset of a kept file, without its pixel data unless `pixels`; SetAside(decode_failed) if unreadable."""
    with reading("file"):
        dataset = dcmread(path, stop_before_pixels=not pixels)
    if "SOPClassUID" not in dataset:  # and reads a damaged one as far as it goes
        raise SetAside(ReasonCode.DECODE_FAILED, "The file does not say what kind of object it is.")
    return dataset


def read_whole(path: Path) -> Dataset:
    """The dataset of a kept file with its pixel data; SetAside: too_large, decode_failed."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise SetAside(ReasonCode.TOO_LARGE, f"The file is larger than {MAX_FILE_BYTES >> 20} MiB.")
    return read_dataset(path, pixels=True)
