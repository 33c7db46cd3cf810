"""Segmentations that another library writes, of every type and in every transfer syntax that it offers for it."""

from pathlib import Path

import numpy as np
import pytest
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentDescription
from pydicom import Dataset, dcmread, uid
from pydicom.sr.codedict import codes

from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.lesions import LesionNames
from stream.dicom.reading.seg import read_seg

COMPRESSED = (uid.RLELossless, uid.JPEG2000Lossless, uid.JPEGLSLossless)
OFFERED = [
    ("BINARY", uid.ExplicitVRLittleEndian),
    ("BINARY", uid.JPEG2000Lossless),
    *((kind, syntax) for kind in ("FRACTIONAL", "LABELMAP") for syntax in (uid.ImplicitVRLittleEndian, *COMPRESSED)),
]


@pytest.fixture(scope="module")
def images(brain: Path) -> list[Dataset]:
    folder = min(brain.glob("*/*/MR"))
    slices = [dcmread(path) for path in folder.glob("*.dcm")]
    return sorted(slices, key=lambda image: float(image.ImagePositionPatient[2]))


def _segment(number: int) -> SegmentDescription:
    category, kind = codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Neoplasm
    return SegmentDescription(number, f"L{number}", category, kind, SegmentAlgorithmTypeValues.MANUAL)


@pytest.mark.parametrize(("kind", "syntax"), OFFERED)
@pytest.mark.parametrize("omit_empty", [True, False])
def test_both_lesions_have_the_volume_that_was_drawn(
    images: list[Dataset], pseudonyms: Pseudonyms, tmp_path: Path, kind: str, syntax: uid.UID, omit_empty: bool
) -> None:
    labels = np.zeros((len(images), images[0].Rows, images[0].Columns), np.uint8)
    labels[3:7, 60:90, 70:95], labels[15, 70:72, 70:72] = 1, 2
    drawn = np.stack([labels == 1, labels == 2], axis=-1).astype(float) if kind == "FRACTIONAL" else labels
    written = Segmentation(
        source_images=images,
        pixel_array=drawn,
        segmentation_type=kind,
        segment_descriptions=[_segment(1), _segment(2)],
        series_instance_uid=uid.generate_uid(),
        series_number=2,
        sop_instance_uid=uid.generate_uid(),
        instance_number=1,
        manufacturer="maker",
        manufacturer_model_name="model",
        software_versions="1",
        device_serial_number="1",
        transfer_syntax_uid=syntax,
        omit_empty_frames=omit_empty,
    )
    written.save_as(tmp_path / "seg.dcm")
    held = {image.SOPInstanceUID: image for image in images}
    found = read_seg(dcmread(tmp_path / "seg.dcm"), held, LesionNames(pseudonyms, "P1"), {}).measurements
    volumes = {one.lesion_label: one.value for one in found if one.measurement == "volume"}
    assert volumes == pytest.approx({"L1": 4 * 30 * 25 / 1000, "L2": 2 * 2 / 1000})
