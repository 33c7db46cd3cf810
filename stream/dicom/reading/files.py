"""Kept files as datasets: what cannot be read, or is too large to hold, is set aside with a sentence."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pydicom import Dataset, config, dcmread, uid
from pydicom.filereader import read_dataset as read_elements

from stream.dicom.usual_header import usual_header
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


class Beginning(NamedTuple):
    """What a file says before its pixel data, and the byte at which that begins."""

    header: Dataset
    ends: int


def read_beginning(path: Path) -> Beginning:
    """The beginning of a kept file; SetAside(decode_failed) if unreadable."""
    with reading("file"), path.open("rb") as file:
        return Beginning(_known(dcmread(file, stop_before_pixels=True)), file.tell())


def read_dataset(path: Path) -> Dataset:
    """The dataset of a kept file without its pixel data; SetAside(decode_failed) if unreadable."""
    with reading("file"):
        header = usual_header(path)
    return read_beginning(path).header if header is None else _known(header)


def read_whole(path: Path) -> Dataset:
    """The dataset of a kept file with its pixel data; SetAside: too_large, decode_failed."""
    _check_size(path)
    with reading("file"):
        return _known(dcmread(path))


def read_pixel_data(path: Path, beginning: Beginning) -> bytes:
    """The pixel data of a kept file whose `beginning` was read, which is not read again; SetAside as `read_whole`."""
    header = beginning.header
    if header.file_meta.get("TransferSyntaxUID") == uid.DeflatedExplicitVRLittleEndian:  # one stream, from its start
        return read_whole(path).get("PixelData") or b""
    _check_size(path)
    with reading("file"), path.open("rb") as file:
        file.seek(beginning.ends)
        return read_elements(file, *header.original_encoding).get("PixelData") or b""


def _known(dataset: Dataset) -> Dataset:
    if "SOPClassUID" not in dataset:  # a damaged file is read as far as it goes
        raise SetAside(ReasonCode.DECODE_FAILED, "The file does not say what kind of object it is.")
    return dataset


def _check_size(path: Path) -> None:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise SetAside(ReasonCode.TOO_LARGE, f"The file is larger than {MAX_FILE_BYTES >> 20} MiB.")
