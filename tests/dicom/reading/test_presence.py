"""Whether a head series looks like one with a tumour: said where it can be said and nobody measured a lesion."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from models.imaging.volume import Volume
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.measurements import measure_scan
from stream.dicom.reading.volumes.image_models import ImageModels
from stream.dicom.reading.volumes.presence import PresenceModel
from stream.measured_scan import MeasuredScan, TumourPresence, Unused
from stream.png import png
from tests.dicom.factories import make_seg, make_series, make_sr, save

SHAPE = (7, 16, 16)
GREY = np.random.default_rng(1).integers(100, 200, SHAPE)
GREY[4, 4:8, 4:8] = 900
VERSION = "ab" * 32


class SaidScores(NamedTuple):
    series: float
    low: float
    high: float
    slices: np.ndarray


def said_of(volume: Volume) -> SaidScores:
    """A classifier of bright spots: deterministic, of the same signature as a network's."""
    slices = volume.values.max(axis=(1, 2)) / 1000
    return SaidScores(float(slices.max()), 0.1, 0.95, slices.astype(np.float32))


class SaidWhy(NamedTuple):
    picture: np.ndarray
    occlusion: np.ndarray
    gradient: np.ndarray
    gates: np.ndarray


def why_of(volume: Volume, level: int) -> SaidWhy:
    """The slice itself as each map, and its number as every gate."""
    grey = (volume.values[level] / 4).astype(np.uint8)
    return SaidWhy(grey, grey, grey, np.full((4, len(volume.values)), float(level)))


MODEL = PresenceModel("spots", VERSION, 8, said_of, why_of)
Measure = Callable[..., MeasuredScan]


@pytest.fixture
def measure(pseudonyms: Pseudonyms, tmp_path: Path) -> Measure:
    def run(*datasets: Dataset, model: PresenceModel | None = MODEL, pictures: bool = True) -> MeasuredScan:
        files = [save(one, tmp_path / f"{one.SOPInstanceUID}.dcm") for one in datasets]
        return measure_scan(files, pseudonyms, "P1", pictures=pictures, models=ImageModels(presence=model))

    return run


def head(grey: np.ndarray = GREY, **more: object) -> list[Dataset]:
    return make_series(grey, (5.0, 1.0, 1.0), **{"EchoTime": "10", **more})


def reasons(scan: MeasuredScan) -> list[str]:
    assert {one[:3] for one in scan.unused} <= {("image", "", "MR series of the head")}
    return [one.reason.split(":")[0] for one in scan.unused]


def test_a_head_series_that_nobody_measured_is_read_and_the_slice_that_speaks_most_is_named(
    measure: Measure, pseudonyms: Pseudonyms
) -> None:
    images = head()
    scan = measure(*images[::-1])
    assert scan.presence == TumourPresence(
        series_uid=pseudonyms.series_uid(images[0].SeriesInstanceUID),
        model="spots",
        weights_version=VERSION,
        learned_from=8,
        probability=scan.presence.probability if scan.presence else 0.0,
        low=0.1,
        high=0.95,
        slices=tuple(float(each) for each in (GREY.max(axis=(1, 2)) / 1000).astype(np.float32)),
        slice_number=5,
        instance_uid=pseudonyms.instance_uid(images[4].SOPInstanceUID),
        **dict.fromkeys(("picture", "occlusion", "gradient"), png((GREY[4] / 4).astype(np.uint8))),
        gates=((4.0,) * 7,) * 4,
    )
    assert scan.presence and scan.presence.probability == pytest.approx(0.9)
    assert (scan.note, scan.unused) == ("no lesion measured; a model read the slices", ())


@pytest.mark.parametrize(("pictures", "header"), [(False, {}), (True, {"BurnedInAnnotation": "YES"})])
def test_a_slice_that_may_not_be_shown_is_read_all_the_same(
    measure: Measure, pictures: bool, header: dict[str, object]
) -> None:
    said = measure(*head(**header), pictures=pictures).presence
    assert said and said.gates and said.probability == pytest.approx(0.9)
    assert (said.picture, said.occlusion, said.gradient) == (None, None, None)


def test_without_weights_for_it_nothing_changes(measure: Measure) -> None:
    images = head()
    scan = measure(*images, model=None)
    assert scan == MeasuredScan((), "brain", "kind not measured yet")
    assert replace(measure(*images), presence=None, note=scan.note) == scan


def test_where_somebody_measured_a_lesion_no_model_is_asked(measure: Measure) -> None:
    images = head()
    inside = np.zeros(SHAPE, bool)
    inside[3:6, 4:8, 4:8] = True
    outlined = measure(make_seg([inside], images), *images)
    reported = measure(make_sr(), *images)
    assert outlined.measurements and reported.measurements
    assert (outlined.presence, reported.presence) == (None, None)


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (head(EchoTime="90"), ["not_t1"]),
        (head(GREY[:1]), ["one_slice"]),
        ([one for level, one in enumerate(head()) if level != 3], ["missing_slices"]),
        (make_series(GREY, BodyPartExamined="KNEE"), []),
        (make_series(GREY, Modality="CT"), []),
        (make_series(GREY, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), []),
    ],
)
def test_what_is_not_like_what_the_weights_know_is_left_with_its_reason(
    measure: Measure, images: list[Dataset], told: list[str]
) -> None:
    scan = measure(*images)
    assert (scan.presence, reasons(scan), scan.note) == (None, told, "kind not measured yet")


def test_a_sagittal_series_is_left_with_its_reason(measure: Measure) -> None:
    images = head()
    for level, image in enumerate(images):
        image.ImageOrientationPatient, image.ImagePositionPatient = [0, 1, 0, 0, 0, -1], [5.0 * level, 0, 0]
    assert reasons(measure(*images)) == ["not_axial"]


def test_of_several_series_the_one_with_a_contrast_agent_is_read_then_the_one_with_most_slices(
    measure: Measure, pseudonyms: Pseudonyms
) -> None:
    few, many = head(GREY[:4]), head()
    several = measure(*few, *many)
    assert several.presence and several.presence.series_uid == pseudonyms.series_uid(many[0].SeriesInstanceUID)
    assert reasons(several) == ["another_series"]
    for image in few:
        image.ContrastBolusAgent = "Gd"
    several = measure(*few, *many)
    assert several.presence and several.presence.series_uid == pseudonyms.series_uid(few[0].SeriesInstanceUID)


def test_a_damaged_series_leaves_the_place_to_the_next_and_says_so(measure: Measure, pseudonyms: Pseudonyms) -> None:
    damaged, whole = head(), head(GREY[:5])
    damaged[2].PixelData = damaged[2].PixelData[:20]
    scan = measure(*damaged, *whole)
    assert scan.presence and scan.presence.series_uid == pseudonyms.series_uid(whole[0].SeriesInstanceUID)
    assert reasons(scan) == ["not_decodable"]


def test_the_order_in_which_files_came_changes_nothing(measure: Measure) -> None:
    datasets = [*head(), *head(GREY[:4]), *head(EchoTime="90")]
    once, again = measure(*datasets), measure(*datasets[::-1])
    assert sorted(once.unused) == sorted(again.unused) and len(once.unused) == 2
    assert replace(once, unused=()) == replace(again, unused=())


def test_nothing_of_the_header_is_told(measure: Measure) -> None:
    images = head(SeriesDescription="Doe Jane T1", EchoTime="90")
    scan = measure(*images)
    assert scan.unused == (Unused("image", "", "MR series of the head", scan.unused[0].reason),)
    assert "Doe" not in scan.unused[0].reason


def test_real_scans_without_their_segmentation_are_read_in_the_order_of_their_slices(
    measure: Measure, brain: Path
) -> None:
    folder = sorted(brain.glob("*/*"))[0]
    images = [dcmread(path) for path in sorted((folder / "MR").glob("*.dcm"))]
    scan = measure(*images)
    assert scan.presence and len(scan.presence.slices) == 24
    brightest = max(range(24), key=lambda level: int(images[level].pixel_array.max()))
    assert scan.presence.slice_number == brightest + 1
