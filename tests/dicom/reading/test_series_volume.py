"""The voxels of a series: what a foreign reader finds, in the patient's order, or none with a code that says why."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from highdicom import get_volume_from_series
from pydicom import Dataset, dcmread, uid
from pydicom.encaps import encapsulate, generate_frames

from models.imaging.volume import Volume
from stream.dicom.reading.files import Beginning, read_beginning
from stream.dicom.reading.pictures.image_stacks import Image
from stream.dicom.reading.volumes.no_volume import NoVolume
from stream.dicom.reading.volumes.series_volume import series_volume
from stream.hindrances import SAYS, Hindrance
from stream.simulated.datasets import item
from tests.dicom.factories import make_image, make_series, save

SPACING = (3.0, 0.5, 0.8)
SHAPE = (6, 40, 36)
GREY = np.random.default_rng(1).integers(0, 4000, SHAPE)
HOUNSFIELD = {
    "SOPClassUID": uid.CTImageStorage,
    "Modality": "CT",
    "RescaleSlope": "2",
    "RescaleIntercept": "-1024",
}
VolumeOf = Callable[..., Volume]


@pytest.fixture
def images() -> list[Dataset]:
    return make_series(GREY, SPACING)


@pytest.fixture
def volume_of(tmp_path: Path) -> VolumeOf:
    """The volume of images, from files."""

    def run(images: Sequence[Dataset], syntax: uid.UID = uid.ExplicitVRLittleEndian) -> Volume:
        paths = [save(one, tmp_path / f"{number}.dcm", syntax) for number, one in enumerate(images)]
        return series_volume([Image(path, read_beginning(path)) for path in paths])

    return run


def why_none(volume_of: VolumeOf, images: Sequence[Dataset]) -> Hindrance:
    with pytest.raises(NoVolume) as caught:
        volume_of(images)
    assert str(caught.value) == f"{caught.value.hindrance}: {SAYS[caught.value.hindrance]}"
    return caught.value.hindrance


def test_slices_lie_in_the_order_of_their_places_whatever_their_numbers(
    volume_of: VolumeOf, images: list[Dataset]
) -> None:
    for number, image in enumerate(images):
        image.InstanceNumber = (number * 5) % 6 + 1
    shuffled = [images[level] for level in (3, 0, 5, 1, 4, 2)]
    volume = volume_of(shuffled)
    assert volume.values.tolist() == GREY.tolist() and volume.values.dtype == np.float32
    assert (volume.spacing_mm, volume.modality) == (SPACING, "MR")


def test_the_first_slice_is_the_one_nearest_to_the_feet_also_where_the_normal_points_down(
    volume_of: VolumeOf, images: list[Dataset]
) -> None:
    for image in images:
        image.ImageOrientationPatient = [1, 0, 0, 0, -1, 0]
    assert volume_of(images).values.tolist() == GREY[:, ::-1].tolist()


def test_slices_stored_by_columns_are_turned_with_their_spacing(volume_of: VolumeOf, images: list[Dataset]) -> None:
    for image in images:
        image.ImageOrientationPatient = [0, 1, 0, 1, 0, 0]
    volume = volume_of(images)
    assert volume.values.tolist() == GREY.swapaxes(1, 2).tolist()
    assert volume.spacing_mm == (3.0, 0.8, 0.5)


def test_each_slice_is_rescaled_by_its_own_slope(volume_of: VolumeOf) -> None:
    images = make_series(GREY, SPACING, **HOUNSFIELD)
    images[2].RescaleSlope = "0.5"
    values = volume_of(images).values
    assert values[3].tolist() == (GREY[3] * 2.0 - 1024).tolist()
    assert values[2].tolist() == (GREY[2] * 0.5 - 1024).tolist()


def test_signed_values_of_twelve_bits_are_read_without_the_bits_above_them(volume_of: VolumeOf) -> None:
    wanted = np.random.default_rng(2).integers(-1000, 1000, SHAPE)
    images = make_series(wanted.astype(np.int16).view(np.uint16) & 0x0FFF | 0x5000, SPACING, **HOUNSFIELD)
    for image in images:
        image.PixelRepresentation, image.BitsStored, image.HighBit = 1, 12, 11
    assert volume_of(images).values.tolist() == (wanted * 2.0 - 1024).tolist()


def test_what_is_brightest_is_largest_in_mr_and_ct_numbers_stay_ct_numbers(
    volume_of: VolumeOf, images: list[Dataset]
) -> None:
    counted = make_series(GREY, SPACING, **HOUNSFIELD)
    for image in (*images, *counted):
        image.PhotometricInterpretation = "MONOCHROME1"
    assert volume_of(images).values.tolist() == (GREY.max() + GREY.min() - GREY).tolist()
    assert volume_of(counted).values.tolist() == (GREY * 2.0 - 1024).tolist()
    images[0].PhotometricInterpretation = "MONOCHROME2"
    assert why_none(volume_of, images) == Hindrance.NO_UNIT


@pytest.mark.parametrize("syntax", [uid.RLELossless, uid.JPEG2000Lossless, uid.JPEGLSLossless])
def test_compressed_slices_give_the_same_voxels(volume_of: VolumeOf, images: list[Dataset], syntax: uid.UID) -> None:
    assert volume_of(compressed(images, syntax), syntax).values.tolist() == GREY.tolist()


@pytest.mark.parametrize("syntax", [uid.ImplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian])
def test_slices_written_in_another_encoding_give_the_same_voxels(
    volume_of: VolumeOf, images: list[Dataset], syntax: uid.UID
) -> None:
    images[2].add_new(0xFFFCFFFC, "OB", b"\0" * 64)  # padding after the pixels
    assert volume_of(images, syntax).values.tolist() == GREY.tolist()


def test_localizers_and_screens_in_the_series_are_no_slices(volume_of: VolumeOf, images: list[Dataset]) -> None:
    of_series = {name: images[0].get(name) for name in ("SeriesInstanceUID", "FrameOfReferenceUID")}
    scout = make_image(np.ones((20, 30)), **of_series, ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    said = make_image(np.ones((20, 30)), **of_series, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    screen = make_image(np.ones((512, 512)), **of_series, ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"])
    dose = make_image(np.ones((512, 512)), **of_series, ImageType=["DERIVED", "SECONDARY", "DOSE_INFO"])
    derived = make_image(np.ones((512, 512)), **of_series, ImageType=["DERIVED", "SECONDARY", "OTHER"])
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(derived, name)
    assert volume_of([scout, *images, said, screen, dose, derived]).values.tolist() == GREY.tolist()
    assert why_none(volume_of, [said, screen, dose]) == Hindrance.NO_SLICES


def _without_place(images: list[Dataset]) -> None:
    del images[2].ImagePositionPatient


def _without_direction(images: list[Dataset]) -> None:
    del images[2].ImageOrientationPatient


def _far_away(images: list[Dataset]) -> None:
    images[2].ImageOrientationPatient = [1, 0, 0, 1, 0, 0]


def _one_alone(images: list[Dataset]) -> None:
    del images[1:]


def _missing(images: list[Dataset]) -> None:
    del images[2]


def _doubled(images: list[Dataset]) -> None:
    images[2].ImagePositionPatient = images[3].ImagePositionPatient


def _uneven(images: list[Dataset]) -> None:
    images[2].ImagePositionPatient = [0, 0, 6.7]


def _tilted(images: list[Dataset]) -> None:
    for level, image in enumerate(images):
        image.ImagePositionPatient = [0, 0.4 * level, SPACING[0] * level]


def _two_sizes(images: list[Dataset]) -> None:
    images[2].Rows, images[2].PixelData = 20, images[2].PixelData[: 20 * 36 * 2]


def _two_spacings(images: list[Dataset]) -> None:
    images[2].PixelSpacing = [0.5, 0.9]


def _two_spaces(images: list[Dataset]) -> None:
    images[2].FrameOfReferenceUID = uid.generate_uid()


def _two_directions(images: list[Dataset]) -> None:
    for image in images[:2]:
        image.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]


def _cut_short(images: list[Dataset]) -> None:
    images[2].PixelData = images[2].PixelData[:100]


def _too_many_bytes(images: list[Dataset]) -> None:
    images[2].PixelData += bytes(SHAPE[2] * 2)


def _in_colour(images: list[Dataset]) -> None:
    images[2].PhotometricInterpretation, images[2].SamplesPerPixel = "RGB", 3
    images[2].PixelData *= 3


def _single_bits(images: list[Dataset]) -> None:
    images[2].BitsAllocated = images[2].BitsStored = 1


def _by_a_table(images: list[Dataset]) -> None:
    images[2].ModalityLUTSequence = [Dataset()]


def _no_slope(images: list[Dataset]) -> None:
    images[2].RescaleSlope = "nan"


def _other_modality(images: list[Dataset]) -> None:
    images[2].Modality = "CT"


HINDERED = {
    _without_place: Hindrance.NO_PLACE,
    _without_direction: Hindrance.NO_PLACE,
    _far_away: Hindrance.NO_PLACE,
    _one_alone: Hindrance.ONE_SLICE,
    _missing: Hindrance.MISSING_SLICES,
    _doubled: Hindrance.DOUBLED_SLICES,
    _uneven: Hindrance.UNEVEN_STEPS,
    _tilted: Hindrance.GANTRY_TILT,
    _two_sizes: Hindrance.SEVERAL_SIZES,
    _two_spacings: Hindrance.SEVERAL_SIZES,
    _two_spaces: Hindrance.SEVERAL_SPACES,
    _two_directions: Hindrance.SEVERAL_DIRECTIONS,
    _cut_short: Hindrance.NOT_DECODABLE,
    _too_many_bytes: Hindrance.NOT_DECODABLE,
    _in_colour: Hindrance.NOT_GREY,
    _single_bits: Hindrance.SINGLE_BITS,
    _by_a_table: Hindrance.NO_UNIT,
    _no_slope: Hindrance.NOT_FINITE,
    _other_modality: Hindrance.NO_UNIT,
}


@pytest.mark.parametrize("spoil", HINDERED)
def test_what_cannot_be_a_volume_says_why(
    volume_of: VolumeOf, images: list[Dataset], spoil: Callable[[list[Dataset]], None]
) -> None:
    spoil(images)
    assert why_none(volume_of, images) == HINDERED[spoil]


def test_a_header_that_promises_more_than_a_worker_holds_is_refused_before_pixels_are_read(
    images: list[Dataset],
) -> None:
    nowhere = [Image(Path("there/is/no/file"), Beginning(image, 0)) for image in images]
    for image in images:
        image.Rows = image.Columns = 65535
    with pytest.raises(NoVolume, match="too_large"):
        series_volume(nowhere)
    for image in images:
        image.Rows = image.Columns = 8
    with pytest.raises(NoVolume, match="too_large"):
        series_volume(nowhere * 500)  # 3,000 slices


def compressed(images: list[Dataset], syntax: uid.UID) -> list[Dataset]:
    for image in images:
        image.file_meta = Dataset()
        image.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        image.compress(syntax, generate_instance_uid=False)
    return images


def test_a_compressed_frame_that_is_larger_than_its_header_says_is_not_decoded(
    volume_of: VolumeOf, images: list[Dataset]
) -> None:
    for image in compressed(images, uid.JPEG2000Lossless):
        image.Rows = 20
    with pytest.raises(NoVolume, match="not_decodable"):
        volume_of(images, uid.JPEG2000Lossless)


def test_a_codestream_that_ends_early_is_not_decoded(volume_of: VolumeOf, images: list[Dataset]) -> None:
    (whole,) = generate_frames(compressed(images, uid.JPEG2000Lossless)[2].PixelData, number_of_frames=1)
    images[2].PixelData = encapsulate([whole[: len(whole) // 2]])
    with pytest.raises(NoVolume, match="not_decodable"):
        volume_of(images, uid.JPEG2000Lossless)


def enhanced(images: Sequence[Dataset], slopes: Sequence[float]) -> Dataset:
    """The slices as one multi-frame object, each with its place and slope in groups of its own."""
    whole = make_image(np.zeros((4, 4)), SOPClassUID=uid.EnhancedMRImageStorage)
    for name in ("PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"):
        delattr(whole, name)
    whole.Rows, whole.Columns, whole.NumberOfFrames = *SHAPE[1:], len(images)
    whole.PixelData = b"".join(image.PixelData for image in images)
    measures = item(PixelMeasuresSequence=[item(PixelSpacing=images[0].PixelSpacing)])
    measures.PlaneOrientationSequence = [item(ImageOrientationPatient=images[0].ImageOrientationPatient)]
    whole.SharedFunctionalGroupsSequence = [measures]
    whole.PerFrameFunctionalGroupsSequence = [
        item(
            PlanePositionSequence=[item(ImagePositionPatient=image.ImagePositionPatient)],
            PixelValueTransformationSequence=[item(RescaleSlope=slope, RescaleIntercept=0, RescaleType="US")],
        )
        for image, slope in zip(images, slopes, strict=True)
    ]
    return whole


def test_a_multi_frame_object_gives_the_same_volume_in_whatever_order_its_frames_are(
    volume_of: VolumeOf, images: list[Dataset]
) -> None:
    slopes = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    order = (3, 0, 5, 1, 4, 2)
    volume = volume_of([enhanced([images[level] for level in order], [slopes[level] for level in order])])
    assert volume.values.tolist() == (GREY * np.array(slopes)[:, None, None]).tolist()
    assert volume.spacing_mm == SPACING


def test_ct_numbers_without_their_rescaling_have_no_unit(volume_of: VolumeOf) -> None:
    images = make_series(GREY, SPACING, **HOUNSFIELD)
    del images[4].RescaleIntercept
    assert why_none(volume_of, images) == Hindrance.NO_UNIT
    images[4].RescaleIntercept, images[4].RescaleType = "-1024", "US"
    assert why_none(volume_of, images) == Hindrance.NO_UNIT


def test_volumes_of_real_scans_are_those_of_a_foreign_reader(brain: Path) -> None:
    tried = 0
    for folder in sorted(brain.glob("*/*/MR")):
        paths = sorted(folder.glob("*.dcm"))
        datasets = [dcmread(path) for path in paths]
        ours = series_volume([Image(path, read_beginning(path)) for path in paths])
        theirs = get_volume_from_series(datasets, apply_real_world_transform=False)
        upwards = theirs.array if theirs.affine[2, 0] > 0 else theirs.array[::-1]
        assert ours.values.tolist() == upwards.tolist() and ours.spacing_mm == theirs.spacing
        tried += 1
    assert tried == 16
