"""The image of a lesion under its segmentation: the very voxels that were outlined, or none, with a reason."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from highdicom import get_volume_from_series
from highdicom.seg import Segmentation
from pydicom import Dataset, dcmread, uid

from models.features import IMAGE_NAMES
from models.image import Patch, embedding
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading import lesion_image
from stream.dicom.reading.files import Beginning, read_beginning
from stream.dicom.reading.image_pixels import NoImage
from stream.dicom.reading.lesion_image import lesion_patch
from stream.dicom.reading.measurements import measure_scan
from stream.dicom.reading.pictures.drawn_lesions import DrawnLesions
from stream.dicom.reading.pictures.image_stacks import Image, ImageFrames
from stream.measured_scan import MeasuredScan
from tests.dicom.factories import make_seg, make_series, reread, save

SPACING = (3.0, 0.5, 0.8)
SHAPE = (6, 21, 17)
INSIDE = np.zeros(SHAPE, bool)
INSIDE[2:5, 8:13, 4:9] = True
INSIDE[2, 8, 4] = False
GREY = np.random.default_rng(1).integers(0, 4000, SHAPE)
PatchOf = Callable[..., Patch]


@pytest.fixture
def images() -> list[Dataset]:
    return make_series(GREY, SPACING)


@pytest.fixture
def patch_of(tmp_path: Path) -> PatchOf:
    """The patch of the first segment, from files."""

    def run(segmentation: Dataset, images: Sequence[Dataset], syntax: uid.UID = uid.ExplicitVRLittleEndian) -> Patch:
        paths = [save(image, tmp_path / f"{image.SOPInstanceUID}.dcm", syntax) for image in images]
        held = {one.SOPInstanceUID: Image(path, read_beginning(path)) for one, path in zip(images, paths, strict=True)}
        return patch_in(reread(segmentation, tmp_path), 1, held)

    return run


def patch_in(segmentation: Dataset, segment: int, held: Mapping[str, Image]) -> Patch:
    drawn = DrawnLesions.of(segmentation, [segment])
    return lesion_patch(drawn.frames[segment], ImageFrames.of(held).stack(drawn.frames[segment], drawn.named), held)


def why_none(patch_of: PatchOf, segmentation: Dataset, images: Sequence[Dataset]) -> str:
    with pytest.raises(NoImage) as caught:
        patch_of(segmentation, images)
    return str(caught.value)


def sourceless(segmentation: Dataset) -> Dataset:
    for frame in segmentation.PerFrameFunctionalGroupsSequence:
        del frame.DerivationImageSequence
    return segmentation


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_a_patch_holds_the_voxels_outlined_and_one_around_them(
    patch_of: PatchOf, images: list[Dataset], syntax: uid.UID
) -> None:
    patch = patch_of(make_seg([INSIDE], images), images[::-1], syntax)
    assert patch.spacing_mm == SPACING and not patch.hounsfield
    assert patch.values.tolist() == GREY[1:6, 7:14, 3:10].tolist()
    assert patch.inside.tolist() == INSIDE[1:6, 7:14, 3:10].tolist()


@pytest.mark.parametrize("syntax", [uid.JPEGLSLossless, uid.RLELossless])
def test_compressed_images_give_the_same_voxels(patch_of: PatchOf, images: list[Dataset], syntax: uid.UID) -> None:
    segmentation = make_seg([INSIDE], images)
    plain = patch_of(segmentation, images)
    for image in images:
        image.file_meta = Dataset()
        image.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        image.compress(syntax, generate_instance_uid=False)
    assert patch_of(segmentation, images, syntax).values.tolist() == plain.values.tolist()


def test_ct_numbers_are_rescaled_and_bits_that_are_not_stored_are_ignored(patch_of: PatchOf) -> None:
    wanted = np.random.default_rng(2).integers(-1000, 1000, SHAPE)
    stored = (wanted + 24).astype(np.int16)
    images = make_series(stored.view(np.uint16) & 0x0FFF | 0x5000, SPACING, Modality="CT")
    for image in images:
        image.PixelRepresentation, image.BitsStored, image.HighBit = 1, 12, 11
        image.RescaleSlope, image.RescaleIntercept = "2", "-48"
    patch = patch_of(make_seg([INSIDE], images), images)
    assert patch.hounsfield
    assert patch.values.tolist() == (2 * wanted)[1:6, 7:14, 3:10].tolist()
    images[3].RescaleType = "US"
    assert not patch_of(make_seg([INSIDE], images), images).hounsfield


def test_a_segmentation_that_names_no_images_is_matched_by_place(patch_of: PatchOf, images: list[Dataset]) -> None:
    named, unnamed = make_seg([INSIDE], images), sourceless(make_seg([INSIDE], images))
    assert patch_of(unnamed, images).values.tolist() == patch_of(named, images).values.tolist()


def test_of_two_series_of_one_place_the_one_drawn_on_counts_and_none_where_nobody_says(
    patch_of: PatchOf, images: list[Dataset]
) -> None:
    other = make_series(4000 - GREY, SPACING, FrameOfReferenceUID=images[0].FrameOfReferenceUID)
    together = [*other, *images]
    assert patch_of(make_seg([INSIDE], images), together).values.tolist() == GREY[1:6, 7:14, 3:10].tolist()
    assert why_none(patch_of, sourceless(make_seg([INSIDE], images)), together) == "several series show the lesion"


def test_of_a_series_that_shows_a_place_at_several_times_the_time_drawn_on_counts(
    patch_of: PatchOf, images: list[Dataset]
) -> None:
    same = {name: images[0].get(name) for name in ("SeriesInstanceUID", "FrameOfReferenceUID")}
    later = make_series(4000 - GREY, SPACING, **same)
    patch = patch_of(make_seg([INSIDE], images), [*later, *images])
    assert patch.values.tolist() == GREY[1:6, 7:14, 3:10].tolist()
    assert why_none(patch_of, sourceless(make_seg([INSIDE], images)), [*later, *images]) == (
        "the slices are not evenly spaced"
    )


def test_images_that_are_not_there_or_lie_elsewhere_or_miss_a_slice_are_not_guessed(
    patch_of: PatchOf, images: list[Dataset]
) -> None:
    segmentation = make_seg([INSIDE], images)
    assert why_none(patch_of, segmentation, []) == "the images it was drawn on are not there"
    assert why_none(patch_of, segmentation, images[:4]) == "the images it was drawn on are not there"
    apart = np.zeros(SHAPE, bool)
    apart[[1, 4]] = INSIDE[3]
    segmentation = make_seg([apart], images)
    assert patch_of(segmentation, images).inside.shape[0] == 6
    assert why_none(patch_of, segmentation, [*images[:2], *images[3:]]) == "the slices are not evenly spaced"


def test_a_single_slice_and_a_lesion_too_large_to_hold_are_none(
    patch_of: PatchOf, images: list[Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert why_none(patch_of, make_seg([INSIDE[2:3]], images[2:3]), images[2:3]) == "a single slice has no depth"
    monkeypatch.setattr(lesion_image, "MAX_VOXELS", 100)
    assert why_none(patch_of, make_seg([INSIDE], images), images) == "the lesion has too many voxels"


def test_an_image_in_colour_or_cut_short_is_none(patch_of: PatchOf, images: list[Dataset]) -> None:
    segmentation = make_seg([INSIDE], images)
    images[3].PhotometricInterpretation = "PALETTE COLOR"
    assert why_none(patch_of, segmentation, images) == "the image is not of grey values"
    images[3].PhotometricInterpretation = "MONOCHROME2"
    images[3].PixelData = images[3].PixelData[:100]
    assert why_none(patch_of, segmentation, images) == "the pixel data cannot be decoded"


@pytest.fixture
def measure(pseudonyms: Pseudonyms, tmp_path: Path) -> Callable[..., MeasuredScan]:
    def run(*datasets: Dataset) -> MeasuredScan:
        return measure_scan([save(one, tmp_path / f"{one.SOPInstanceUID}.dcm") for one in datasets], pseudonyms, "P1")

    return run


def test_a_scan_looks_as_its_largest_lesion_does(measure: Callable[..., MeasuredScan], images: list[Dataset]) -> None:
    large = np.zeros(SHAPE, bool)
    large[:, 2:16, 2:14] = True
    both = measure(make_seg([INSIDE, large], images), *images).embedding
    assert both == measure(make_seg([large], images), *images).embedding
    told = embedding(Patch(GREY[:, 1:17, 1:15], large[:, 1:17, 1:15], SPACING, hounsfield=False))
    assert dict(zip(IMAGE_NAMES, both, strict=True)) == {
        name: None if np.isnan(value) else value for name, value in zip(IMAGE_NAMES, told, strict=True)
    }


def test_what_hinders_the_image_never_hinders_the_measurement(
    measure: Callable[..., MeasuredScan], images: list[Dataset]
) -> None:
    large = np.ones(SHAPE, bool)
    whole = measure(make_seg([large], images), *images)
    images[2].PixelData = images[2].PixelData[:8]
    images[2].RescaleSlope = "2"
    broken = measure(make_seg([large], images), *images)
    assert len(whole.embedding) == len(IMAGE_NAMES) and broken.embedding == ()
    assert [one.value for one in broken.measurements] == [one.value for one in whole.measurements]


def test_of_real_scans_the_voxels_are_those_a_foreign_reader_finds(brain: Path, tmp_path: Path) -> None:
    """Glioblastoma under follow-up: the grey values below each segmentation beside those highdicom puts there."""
    tried = 0
    for folder in sorted(path for path in brain.glob("*/*") if path.is_dir()):
        files = {kind: [dcmread(path) for path in sorted((folder / kind).glob("*.dcm"))] for kind in ("MR", "SEG")}
        held = {one.SOPInstanceUID: Image(Path(one.filename), Beginning(one, 0)) for one in files["MR"]}
        for segmentation in files["SEG"]:
            patch = patch_in(segmentation, int(segmentation.SegmentSequence[0].SegmentNumber), held)
            theirs = get_volume_from_series(files["MR"], apply_real_world_transform=False)
            outline = Segmentation.from_dataset(segmentation).get_volume(combine_segments=True)
            inside = outline.match_geometry(theirs).array > 0
            assert np.sort(patch.values[patch.inside]).tolist() == np.sort(theirs.array[inside]).tolist()
            tried += 1
    assert tried == 16
