"""Data sets of DICOM objects and their parts, by keyword."""

from collections.abc import Mapping

import numpy as np
from pydicom import Dataset, uid
from pydicom.datadict import tag_for_keyword

from stream.simulated.required import required


def instance(sop_class: uid.UID, modality: str, attributes: Mapping[str, object]) -> Dataset:
    """An object of a class with all that the standard wants of it; `attributes` are DICOM keywords."""
    usual = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": sop_class,
        "SOPInstanceUID": uid.generate_uid(),
        "StudyInstanceUID": uid.generate_uid(),
        "SeriesInstanceUID": uid.generate_uid(),
        "Modality": modality,
        "PatientID": "p1",
        "PatientName": "Doe^Jane",
        "PatientBirthDate": "19500523",
        "StudyDate": "20200302",
        "StudyTime": "101500",
    }
    said = usual | dict(attributes)
    return item(**required(sop_class, said) | said)


def item(**attributes: object) -> Dataset:
    """An item of these attributes; a wrong keyword is a TypeError."""
    dataset = Dataset()
    for keyword, value in attributes.items():
        if tag_for_keyword(keyword) is None:
            raise TypeError(f"{keyword} is no DICOM keyword")
        setattr(dataset, keyword, value)
    return dataset


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """An item of a code sequence."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def reference(image: Dataset) -> Dataset:
    """An item that names an instance."""
    return item(ReferencedSOPClassUID=image.SOPClassUID, ReferencedSOPInstanceUID=image.SOPInstanceUID)


def set_pixels(dataset: Dataset, pixels: np.ndarray, bits: int) -> None:
    """Pixels (rows, columns) or frames of them, of 16 bits or of 1."""
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, "MONOCHROME2", 0
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    if bits == 1:
        dataset.NumberOfFrames = len(pixels)
        encoded = np.packbits(pixels, axis=None, bitorder="little").tobytes()
    else:
        encoded = pixels.astype("<u2").tobytes()
    dataset.PixelData = encoded + b"\0" * (len(encoded) % 2)
