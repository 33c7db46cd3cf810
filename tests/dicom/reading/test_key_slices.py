"""Key slices of a scan: of the right lesions, the right slice, nothing that names a patient, and no harm to values."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from highdicom.seg import Segmentation
from pydicom import Dataset, dcmread, uid

from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.measurements import measure_scan
from stream.dicom.reading.pictures.windows import brightness
from stream.measured_scan import MeasuredScan
from stream.png import pixels
from stream.simulated.cohort import cohort, write_study
from stream.simulated.datasets import item
from tests.dicom.factories import make_seg, make_series, save

SPACING = (3.0, 1.0, 1.0)
SHAPE = (9, 80, 80)
LESION = np.zeros(SHAPE, bool)
LESION[2:7, 20:30, 40:50] = True
LESION[5, 18:32, 40:50] = True
GREY = np.where(LESION, 900, 300)
Measure = Callable[..., MeasuredScan]


@pytest.fixture
def measure(pseudonyms: Pseudonyms, tmp_path: Path) -> Measure:
    def run(*datasets: Dataset, pictures: bool = True) -> MeasuredScan:
        files = [save(one, tmp_path / f"{one.SOPInstanceUID}.dcm") for one in datasets]
        return measure_scan(files, pseudonyms, "P1", dt.UTC, pictures)

    return run


@pytest.fixture
def images() -> list[Dataset]:
    return make_series(GREY, SPACING)


def test_it_is_the_slice_with_the_largest_area(measure: Measure, images: list[Dataset], pseudonyms: Pseudonyms) -> None:
    scan = measure(make_seg([LESION], images), *images)
    (shown,) = scan.key_slices
    assert (shown.view, shown.slice_number, shown.slices, shown.area_mm2) == ("axial", 6, 9, 140.0)
    assert shown.instance_uid == pseudonyms.instance_uid(images[5].SOPInstanceUID)
    assert {shown.lesion_uid} == {value.lesion_uid for value in scan.measurements}
    assert pixels(shown.png).shape == (shown.height, shown.width)
    assert shown.height * shown.mm_per_pixel == pytest.approx(42)  # three times 14 mm, of which all is in the image


def test_of_slices_with_the_same_area_it_is_the_one_in_the_middle(measure: Measure, images: list[Dataset]) -> None:
    even = np.zeros(SHAPE, bool)
    even[1:8, 20:30, 40:50] = True
    assert measure(make_seg([even], images), *images).key_slices[0].slice_number == 5


def test_slices_are_counted_from_the_feet_though_the_first_is_at_the_top(measure: Measure) -> None:
    images = make_series(GREY, SPACING)
    for image in images:
        image.ImagePositionPatient = [0.0, 0.0, -image.ImagePositionPatient[2]]
    assert measure(make_seg([LESION], images), *images).key_slices[0].slice_number == 4


def test_the_three_largest_lesions_are_shown_the_largest_first(measure: Measure, images: list[Dataset]) -> None:
    masks = np.zeros((5, *SHAPE), bool)
    for number, size in enumerate((6, 12, 4, 10, 8)):
        masks[number, 4, 10 : 10 + size, 10 : 10 + size] = True
    shown = measure(make_seg([*masks], images), *images).key_slices
    assert [one.area_mm2 for one in shown] == [144.0, 100.0, 64.0]


def test_whoever_wants_no_pictures_gets_the_same_values_without(measure: Measure, images: list[Dataset]) -> None:
    seg = make_seg([LESION], images)
    plain, drawn = measure(seg, *images, pictures=False), measure(seg, *images)
    assert (plain.measurements, plain.embedding, plain.key_slices) == (drawn.measurements, drawn.embedding, ())


@pytest.mark.parametrize(
    "header",
    [
        {"BurnedInAnnotation": "YES"},
        {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
        {"SOPClassUID": uid.SecondaryCaptureImageStorage},
        {"SOPClassUID": uid.UltrasoundImageStorage, "Modality": "US"},
    ],
)
def test_images_that_may_hold_a_name_are_not_shown(measure: Measure, header: dict[str, object]) -> None:
    images = make_series(GREY, SPACING, **header)
    scan = measure(make_seg([LESION], images), *images)
    assert scan.key_slices == ()
    assert [value.measurement for value in scan.measurements] == ["longest_diameter", "volume"]


def test_pixels_say_nothing_of_the_header(measure: Measure) -> None:
    files = [
        measure(make_seg([LESION], images), *images).key_slices[0].png
        for name in ("Roe^Richard", "Poe^Edgar Allan")
        for images in [make_series(GREY, SPACING, PatientName=name, PatientID=name, StudyDescription=name)]
    ]
    assert files[0] == files[1]


def test_a_damaged_image_costs_its_picture_only(measure: Measure, images: list[Dataset]) -> None:
    masks = np.zeros((2, *SHAPE), bool)
    masks[0, 2, 10:30, 10:30] = masks[1, 6, 10:20, 10:20] = True
    seg = make_seg([*masks], images)
    whole = measure(seg, *images)
    images[2].PixelData = images[2].PixelData[:8]
    broken = measure(seg, *images)
    assert [one.area_mm2 for one in whole.key_slices] == [400.0, 100.0]
    assert [one.area_mm2 for one in broken.key_slices] == [100.0]
    assert broken.measurements == whole.measurements


def test_where_a_series_shows_the_lesion_several_times_none_is_chosen(measure: Measure, images: list[Dataset]) -> None:
    same = {name: images[0].get(name) for name in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")}
    later = make_series(GREY, SPACING, **same)
    seg = make_seg([LESION], images)
    for frame in seg.PerFrameFunctionalGroupsSequence:
        del frame.DerivationImageSequence
    assert measure(seg, *images, *later).key_slices == ()


RAMP = np.arange(11.0)[None]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({"WindowCenter": 5.5, "WindowWidth": 11}, np.arange(11) / 10),
        ({"WindowCenter": [5.0, 99], "WindowWidth": [4, 9], "VOILUTFunction": "LINEAR_EXACT"}, (np.arange(11) - 3) / 4),
        (
            {"WindowCenter": 5, "WindowWidth": 8, "VOILUTFunction": "SIGMOID"},
            1 / (1 + np.exp((5 - np.arange(11)) / 2)),
        ),
        ({}, (np.arange(11) - 0.1) / 9.8),
        ({"WindowCenter": 5, "WindowWidth": 0}, (np.arange(11) - 0.1) / 9.8),
    ],
)
def test_grey_values_are_shown_by_the_images_window_else_by_their_range(header: dict, told: np.ndarray) -> None:
    """PS3.3 C.11.2.1.2: linear windows end half a value apart, exact ones do not."""
    assert brightness(item(**header), 0, RAMP)[0] == pytest.approx(np.clip(told, 0, 1))
    inverse = item(**header, PhotometricInterpretation="MONOCHROME1")
    assert brightness(inverse, 0, RAMP)[0] == pytest.approx(1 - np.clip(told, 0, 1))


def test_each_frame_of_a_multi_frame_image_has_its_own_window() -> None:
    windows = [item(FrameVOILUTSequence=[item(WindowCenter=centre, WindowWidth=3)]) for centre in (2.5, 9.5)]
    image = item(PerFrameFunctionalGroupsSequence=windows)
    assert [np.abs(brightness(image, frame, RAMP)[0] - 0.5).argmin() for frame in (0, 1)] == [2, 9]


def test_brain_patients_of_the_demonstration_have_them(pseudonyms: Pseudonyms, tmp_path: Path) -> None:
    study = next(each for each in cohort(40, dt.date(2026, 3, 2)) if each.patient.disease == "brain")
    scan = measure_scan(write_study(study, tmp_path), pseudonyms, "P1")
    assert [one.view for one in scan.key_slices] == ["axial"]


def test_of_real_scans_it_is_the_slice_that_a_foreign_reader_finds_largest(brain: Path, pseudonyms: Pseudonyms) -> None:
    """Glioblastoma under follow-up, beside what highdicom finds in the segmentation."""
    for folder in sorted(path for path in brain.glob("*/*") if path.is_dir()):
        (shown,) = measure_scan(sorted(folder.rglob("*.dcm")), pseudonyms, "P1").key_slices
        theirs = Segmentation.from_dataset(dcmread(next(folder.glob("SEG/*.dcm")))).get_volume(combine_segments=True)
        largest = max(np.count_nonzero(each) for each in theirs.array)
        assert (shown.view, shown.slices, shown.area_mm2) == ("axial", 24, largest)
