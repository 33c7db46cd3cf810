"""A segmentation object (PS3.3 A.51) of what a bundle outlined: the same bytes of the same series and bundle."""

import hashlib
from collections.abc import Sequence
from io import BytesIO

from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import Segmentation, SegmentDescription
from pydicom import Dataset
from pydicom.sr.coding import Code

from models.bundles.description import Bundle
from stream.dicom.reading.codes.standard_codes import standard_meaning
from stream.dicom.reading.concepts import SITES, body_part_word
from stream.dicom.reading.header import text
from stream.dicom.reading.outlining.pieces import Pieces

LESION = Code("49755003", "SCT", "Morphologically Abnormal Structure")
NEOPLASM = Code("108369006", "SCT", "Neoplasm")
BY_MACHINE = Code("123109", "DCM", "Artificial Intelligence")
SERIES_NUMBER = 9001  # behind those that scanners count


def written_seg(images: Sequence[Dataset], pieces: Pieces, bundle: Bundle) -> bytes:
    """The file: a segment for each piece, drawn on the frames of `images` (headers) in their order; binary.

    Segments have no tracking UID: a network that sees one scan cannot know which lesion of another it sees. UIDs are
    made from those of the images and the bundle's version, and times are the study's, so that nothing depends on when
    or how often it was outlined.
    """
    names = [bundle.lesions[label - 1] for label in pieces.labels]
    described = [_segment(number, name, bundle) for number, name in enumerate(names, start=1)]
    uids = [text(image, "SOPInstanceUID") for image in images]
    seg = Segmentation(
        source_images=images,
        pixel_array=pieces.numbers,
        segmentation_type="BINARY",
        segment_descriptions=described,
        series_instance_uid=_uid("series", bundle.version, *uids),
        series_number=SERIES_NUMBER,
        sop_instance_uid=_uid("instance", bundle.version, *uids),
        instance_number=1,
        manufacturer="ScanStream",
        manufacturer_model_name=bundle.name,
        software_versions=bundle.stated_version,
        device_serial_number=bundle.version,
        series_description=f"outlined by {bundle.name}"[:64],
        content_label="OUTLINED",
    )
    _date(seg, images[0])
    seg.DimensionOrganizationSequence[0].DimensionOrganizationUID = _uid("dimensions", bundle.version, *uids)
    for index in seg.DimensionIndexSequence:
        index.DimensionOrganizationUID = seg.DimensionOrganizationSequence[0].DimensionOrganizationUID
    file = BytesIO()
    seg.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _segment(number: int, name: str, bundle: Bundle) -> SegmentDescription:
    region = _region(bundle.body_part)
    by = AlgorithmIdentificationSequence(bundle.name, BY_MACHINE, f"{bundle.stated_version} {bundle.version[:12]}")
    return SegmentDescription(
        number, name, LESION, NEOPLASM, "AUTOMATIC", by, anatomic_regions=[region] if region else None
    )


def _region(body_part: str) -> Code | None:
    """The code of an organ; None of a part that holds several."""
    organ = body_part_word(body_part)
    value = next((value for value, word in SITES.items() if word == organ), None)
    return Code(value, "SCT", standard_meaning((value, "SCT")) or str(organ)) if value else None


def _date(seg: Dataset, image: Dataset) -> None:
    date, time = text(image, "StudyDate"), text(image, "StudyTime") or "000000"
    for what in ("InstanceCreation", "Content", "Series"):
        setattr(seg, f"{what}Date", date)
        setattr(seg, f"{what}Time", time)
    seg.ContributingEquipmentSequence[-1].ContributionDateTime = date + time  # of the library that writes


def _uid(*parts: str) -> str:
    """UID (2.25.…) that stands for these parts."""
    digest = hashlib.sha256("\n".join(("outlined", *parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
