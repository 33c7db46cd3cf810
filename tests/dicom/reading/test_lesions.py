"""Which lesion it is, in reports and segmentations (docs/reading.md 3)."""

import random
from collections.abc import Callable
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import Dataset, uid
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes

from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.lesions import LesionNames
from stream.dicom.reading.measurements import measure_scan
from stream.dicom.reading.sr import read_sr
from stream.measured_scan import MeasuredScan
from tests.dicom.content_items import LIVER, LONG_AXIS, Code, code, group, item, number, referring, report
from tests.dicom.factories import make_seg, make_series, save

Measures = Callable[..., MeasuredScan]

SEGMENT = ("121191", "DCM", "Referenced Segment")
SEGMENTATION_FRAME = ("121214", "DCM", "Referenced Segmentation Frame")
REGION = ("111030", "DCM", "Image Region")
ANATOMY: Code = ("123037004", "SCT", "Anatomical Structure")
TOOL = "Tool@^1.0.0:Bidirectional"


@pytest.fixture
def measure(pseudonyms: Pseudonyms, tmp_path: Path) -> Measures:
    def run(*datasets: Dataset) -> MeasuredScan:
        return measure_scan([save(one, tmp_path / f"{one.SOPInstanceUID}.dcm") for one in datasets], pseudonyms, "P1")

    return run


def sizes(scan: MeasuredScan, measurement: str = "longest_diameter") -> list[float]:
    return sorted(round(one.value, 6) for one in scan.measurements if one.measurement == measurement)


def box(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((2, 20, 20))
    mask[:, rows, columns] = 1
    return mask


def images() -> list[Dataset]:
    return make_series(np.zeros((2, 20, 20)))


def two_segments(shown: list[Dataset], **attributes: object) -> Dataset:
    return make_seg([box(slice(0, 5), slice(0, 10)), box(slice(10, 20), slice(10, 20))], shown, **attributes)


def relabelled(segmentation: Dataset, *labels: str) -> Dataset:
    for segment, label in zip(segmentation.SegmentSequence, labels, strict=True):
        segment.SegmentLabel = label
    return segmentation


def coded_as(segmentation: Dataset, number: int, category: Code, kind: Code) -> Dataset:
    segment = segmentation.SegmentSequence[number - 1]
    segment.SegmentedPropertyCategoryCodeSequence = [code(*category)]
    segment.SegmentedPropertyTypeCodeSequence = [code(*kind)]
    return segmentation


def drawn(size: float, x: float) -> Dataset:
    line = item("SCOORD", REGION, GraphicType="POLYLINE", GraphicData=[x, 1.0, x + size, 1.0])
    return group(line, number(LONG_AXIS, size), identifier=TOOL)


def test_two_groups_of_one_label_are_two_lesions_in_whatever_order(pseudonyms: Pseudonyms) -> None:
    groups = [drawn(40, 10.0), drawn(25, 200.0), drawn(25, 300.0)]
    read = [read_sr(report(*groups, SOPInstanceUID="1.9"), LesionNames(pseudonyms, "P1")).measurements]
    random.Random(2).shuffle(groups)
    read.append(read_sr(report(*groups, SOPInstanceUID="1.9"), LesionNames(pseudonyms, "P1")).measurements)
    assert len({one.lesion_uid for one in read[0]}) == 3
    assert set(read[0]) == set(read[1])


def test_a_label_of_one_group_follows_the_lesion_to_the_next_visit(pseudonyms: Pseudonyms) -> None:
    visits = [report(drawn(size, 1.0), SOPInstanceUID=f"1.{size}") for size in (40, 30)]
    read = [read_sr(visit, LesionNames(pseudonyms, "P1")).measurements[0].lesion_uid for visit in visits]
    assert read == [pseudonyms.lesion_uid_without_tracking("P1", TOOL)] * 2


def test_two_segments_of_one_label_are_two_lesions(measure: Measures) -> None:
    shown = images()
    scan = measure(relabelled(two_segments(shown), "Lesion", "Lesion"), *shown)
    assert sizes(scan, "volume") == [0.1, 0.2]
    assert sizes(scan) == sizes(measure(two_segments(shown), *shown))


def test_a_report_and_the_segment_it_was_measured_in_are_one_lesion(measure: Measures) -> None:
    shown = images()
    segmentation = relabelled(two_segments(shown), "Lesion", "Lesion")
    for how in ({"ReferencedSegmentNumber": 2}, {"ReferencedFrameNumber": [3, 4]}):
        name = SEGMENT if "ReferencedSegmentNumber" in how else SEGMENTATION_FRAME
        measured = group(referring(name, segmentation, **how), number(LONG_AXIS, 15), uid="1.2")
        scan = measure(report(measured), segmentation, *shown)
        assert sizes(scan, "volume") == [0.1, 0.2]
        assert len(sizes(scan)) == 2
        assert 15.0 in sizes(scan)


def test_a_reference_to_a_segmentation_of_one_lesion_is_to_that_lesion(measure: Measures) -> None:
    shown = images()
    segmentation = coded_as(two_segments(shown), 2, ANATOMY, LIVER)
    scan = measure(
        report(group(referring(SEGMENT, segmentation), number(LONG_AXIS, 15), uid="1.2")), segmentation, *shown
    )
    assert sizes(scan) == [15.0]


def test_the_tracking_uid_of_the_segment_is_that_of_a_group_without_one(
    measure: Measures, pseudonyms: Pseudonyms
) -> None:
    shown = images()
    segmentation = two_segments(shown)
    segmentation.SegmentSequence[1].TrackingUID = "1.2.77"
    measured = group(
        referring(SEGMENT, segmentation, ReferencedSegmentNumber=2), number(LONG_AXIS, 15), identifier="A label"
    )
    scan = measure(report(measured), segmentation, *shown)
    told = {one.lesion_uid for one in scan.measurements if one.source == "SR"}
    assert told == {pseudonyms.lesion_uid("1.2.77")}
    assert len(sizes(scan)) == 2


def test_organs_of_a_segmentation_are_no_lesions_though_they_are_tracked(measure: Measures) -> None:
    shown = images()
    segmentation = coded_as(two_segments(shown), 2, ANATOMY, LIVER)
    segmentation.SegmentSequence[1].TrackingUID = "1.2.77"
    scan = measure(segmentation, *shown)
    assert sizes(scan, "volume") == [0.1]
    assert [(row.object_kind, row.code, row.meaning) for row in scan.unused] == [("seg", "SCT:10200004", "Liver")]


def test_a_group_that_says_nothing_of_an_organ_it_refers_to_is_of_the_organ(measure: Measures) -> None:
    shown = images()
    segmentation = coded_as(two_segments(shown), 2, ANATOMY, LIVER)
    organ = group(
        referring(SEGMENT, segmentation, ReferencedSegmentNumber=2), number(LONG_AXIS, 15), uid="1.3", finding=None
    )
    assert len(sizes(measure(report(organ), segmentation, *shown))) == 1


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        (ANATOMY, LIVER),
        (("T-D0050", "SRT", "Tissue"), ("55603005", "SCT", "Fat")),
        (("309825002", "SCT", "Spatial and Relational Concept"), ("125040", "DCM", "Background")),
        (("260787004", "SCT", "Physical object"), ("1", "99X", "Table")),
        (("49755003", "SCT", "Morphologically Abnormal Structure"), ("17621005", "SCT", "Normal")),
        (("130047", "DCM", "External Body Model"), ("38266002", "SCT", "Entire body")),
    ],
)
def test_a_segmentation_of_no_lesion_beside_images_is_as_the_images_alone(
    measure: Measures, category: Code, kind: Code
) -> None:
    shown = images()
    segmentation = coded_as(make_seg([box(slice(0, 5), slice(0, 5))], shown), 1, category, kind)
    scan = measure(segmentation, *shown)
    assert (scan.measurements, scan.note) == ((), "kind not measured yet")
    assert len(scan.unused) == 1


def _as_highdicom_writes_them(shown: list[Dataset]) -> list[Dataset]:
    """A report on a lesion and on the liver, and the segmentation that both were measured in."""
    masks = np.stack([box(slice(0, 5), slice(0, 10)), box(slice(10, 20), slice(10, 20))], axis=-1).astype(np.uint8)
    family = hd.AlgorithmIdentificationSequence("made up", codes.DCM.ArtificialIntelligence, "1")
    kinds = [
        (codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Neoplasm),
        (codes.SCT.AnatomicalStructure, codes.SCT.Liver),
    ]
    segments = [
        hd.seg.SegmentDescription(number, kind.meaning, category, kind, "AUTOMATIC", family, hd.UID(), kind.meaning)
        for number, (category, kind) in enumerate(kinds, 1)
    ]
    made = ("Made Up", "reader", "1", "2")
    segmentation = hd.seg.Segmentation(shown, masks, "BINARY", segments, hd.UID(), 5, hd.UID(), 1, *made)
    reader = hd.sr.ObserverContext(codes.DCM.Person, hd.sr.PersonObserverIdentifyingAttributes("Reader^One"))
    groups = [
        hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=hd.sr.TrackingIdentifier(hd.UID(), f"ROI {number}"),
            referenced_segment=hd.sr.ReferencedSegment.from_segmentation(segmentation, number),
            finding_type=kind,
            time_point_context=hd.sr.TimePointContext("T1"),
            measurements=[
                hd.sr.Measurement(codes.SCT.Volume, 90.0, codes.UCUM.CubicMillimeter),
                hd.sr.Measurement(codes.SCT.Volume, 50.0, codes.UCUM.CubicMillimeter, derivation=codes.SCT.Mean),
                hd.sr.Measurement(codes.SCT.Diameter, 12.0, codes.UCUM.Millimeter, derivation=codes.SCT.Maximum),
            ],
        )
        for number, (_, kind) in enumerate(kinds, 1)
    ]
    content = hd.sr.MeasurementReport(
        hd.sr.ObservationContext(reader), codes.LN.CTUnspecifiedBodyRegion, imaging_measurements=groups
    )
    evidence = [segmentation, *shown]
    return [hd.sr.Comprehensive3DSR(evidence, content, hd.UID(), 7, hd.UID(), 1, "Made Up"), segmentation]


def test_reports_and_segmentations_of_another_writer_are_read_as_ours_are(measure: Measures) -> None:
    asked = {"StudyID": "1", "SeriesNumber": 1, "AccessionNumber": "", "PatientSex": "O", "ReferringPhysicianName": ""}
    shown = make_series(np.zeros((2, 20, 20)), Manufacturer="Made Up", **asked)
    for image in shown:
        image.file_meta = FileMetaDataset()
        image.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    scan = measure(*_as_highdicom_writes_them(shown), *shown)
    found = {(one.measurement, one.value, one.source) for one in scan.measurements}
    assert found == {("volume", 0.09, "SR"), ("longest_diameter", 12.0, "SR")}
