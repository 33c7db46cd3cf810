"""Test data in one line: made-up scans, and the ways in which they reach the gateway."""

from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread, dcmwrite, uid
from pydicom.filereader import read_file_meta_info

from stream.dicom.gateway.content import DatasetContent, read_content
from stream.simulated.codes import NEOPLASM, SITES
from stream.simulated.segmentation import make_seg
from stream.simulated.synthetic import (
    SyntheticLesion as Lesion,
)
from stream.simulated.synthetic import (
    make_image,
    make_kos,
    make_series,
    make_sr,
    replacing,
    save,
)

__all__ = [
    "NEOPLASM",
    "SITES",
    "Lesion",
    "make_image",
    "make_kos",
    "make_seg",
    "make_series",
    "make_sr",
    "replacing",
    "save",
]


def encoded(dataset: Dataset, transfer_syntax: uid.UID = uid.ExplicitVRLittleEndian) -> bytes:
    """The dataset as it travels in a C-STORE request: without preamble and file meta."""
    buffer = BytesIO()
    implicit = transfer_syntax == uid.ImplicitVRLittleEndian
    dcmwrite(buffer, dataset, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
    return buffer.getvalue()


def content_of(path: Path) -> DatasetContent:
    """Content of a DICOM file."""
    return read_content(dataset_bytes(path), read_file_meta_info(path).TransferSyntaxUID)


def dataset_bytes(path: Path) -> bytes:
    """The bytes of a file after its file meta, whose group length says where it ends."""
    length = read_file_meta_info(path).FileMetaInformationGroupLength
    return path.read_bytes()[128 + 4 + 12 + length :]


def reread(dataset: Dataset, folder: Path) -> Dataset:
    """The dataset as it comes back from a file."""
    return dcmread(save(dataset, folder / f"{dataset.SOPInstanceUID}.dcm"))
