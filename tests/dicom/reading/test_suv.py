"""Uptake in PET: the very numbers that the formula gives by hand, or none where anything of it is missing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, uid

from stream.dicom.reading.files import read_beginning
from stream.dicom.reading.pictures.image_stacks import Image
from stream.dicom.reading.volumes.no_volume import NoVolume
from stream.dicom.reading.volumes.series_volume import series_volume
from stream.dicom.reading.volumes.suv import suv_factor
from stream.hindrances import Hindrance
from stream.simulated.datasets import item
from tests.dicom.factories import make_series, save

HALF_LIFE_OF_F18 = 6586.2  # seconds
DOSE = 374e6  # Bq
TISSUE = np.arange(24).reshape(2, 3, 4)


@pytest.fixture
def slices() -> list[Dataset]:
    """FDG at 8:30:45, a scan of 70 kg from 9:30:45 on: 55 minutes of two bed positions."""
    series = make_series(
        TISSUE,
        SOPClassUID=uid.PositronEmissionTomographyImageStorage,
        Modality="PT",
        Units="BQML",
        CorrectedImage=["NORM", "ATTN", "SCAT", "DECY"],
        DecayCorrection="START",
        PatientWeight="70",
        SeriesDate="20140618",
        SeriesTime="093045",
        AcquisitionDate="20140618",
        RescaleSlope="100",
        RescaleIntercept="0",
    )
    for image, time in zip(series, ("093045", "093345.5"), strict=True):
        image.AcquisitionTime = time
        given = item(RadionuclideTotalDose=str(DOSE), RadionuclideHalfLife=str(HALF_LIFE_OF_F18))
        given.RadiopharmaceuticalStartTime = "083045.000000"
        image.RadiopharmaceuticalInformationSequence = [given]
    return series


def test_uptake_is_activity_by_what_is_left_of_the_dose_in_a_gram(slices: list[Dataset], tmp_path: Path) -> None:
    paths = [save(one, tmp_path / f"{number}.dcm") for number, one in enumerate(slices)]
    images = [Image(path, read_beginning(path)) for path in paths]
    volume = series_volume(images)
    left = DOSE * np.exp(-np.log(2) * 3600 / HALF_LIFE_OF_F18)  # 256.0 MBq an hour after the injection
    assert np.allclose(volume.values, TISSUE * 100 * 70_000 / left, rtol=1e-6)
    assert volume.modality == "PT"


def test_slices_of_other_slopes_give_one_scale(slices: list[Dataset], tmp_path: Path) -> None:
    slices[1].RescaleSlope = "50"
    paths = [save(one, tmp_path / f"{number}.dcm") for number, one in enumerate(slices)]
    images = [Image(path, read_beginning(path)) for path in paths]
    values = series_volume(images).values
    assert np.allclose(values[1, 0, 0] / values[0, 0, 1], 12 * 50 / 100, rtol=1e-6)


@pytest.mark.parametrize(("half_lives", "share"), [(0, 1.0), (1, 0.5), (2, 0.25)])
def test_after_a_half_life_half_of_the_dose_is_left(slices: list[Dataset], half_lives: int, share: float) -> None:
    for image in slices:
        image.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife = str(3600 / max(half_lives, 1e-9))
    assert suv_factor(slices) == pytest.approx(70_000 / (DOSE * share), rel=1e-6)


def test_values_corrected_to_the_injection_refer_to_the_whole_dose(slices: list[Dataset]) -> None:
    for image in slices:
        image.DecayCorrection = "ADMIN"
    assert suv_factor(slices) == 70_000 / DOSE


def test_uptake_that_is_stated_stays_as_it_is(slices: list[Dataset]) -> None:
    for image in slices:
        image.Units, image.PatientWeight = "GML", ""
    assert suv_factor(slices) == 1.0
    for image in slices:
        image.SUVType = "LBM"
    assert is_none(slices)


def test_a_series_that_is_dated_after_its_acquisition_began_with_the_first_of_these(slices: list[Dataset]) -> None:
    before = suv_factor(slices)
    for image in slices:
        image.SeriesTime = "180000"
    assert suv_factor(slices) == before


def test_an_injection_with_its_day_may_lie_before_midnight(slices: list[Dataset]) -> None:
    for image in slices:
        image.SeriesTime, image.AcquisitionTime = "003000", "003000"
        given = image.RadiopharmaceuticalInformationSequence[0]
        given.RadiopharmaceuticalStartTime = "233000"
    assert is_none(slices)  # of the same day by what it says, and so after the scan
    for image in slices:
        image.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime = "20140617233000"
    left = DOSE * np.exp(-np.log(2) * 3600 / HALF_LIFE_OF_F18)
    assert suv_factor(slices) == pytest.approx(70_000 / left, rel=1e-9)


def of_header(keyword: str, value: object) -> Callable[[Dataset], None]:
    return lambda image: setattr(image, keyword, value)


def of_dose(keyword: str, value: object) -> Callable[[Dataset], None]:
    return lambda image: setattr(image.RadiopharmaceuticalInformationSequence[0], keyword, value)


WRONG = {
    "counts": of_header("Units", "CNTS"),
    "no attenuation correction": of_header("CorrectedImage", ["DECY"]),
    "no decay correction": of_header("DecayCorrection", "NONE"),
    "no weight": of_header("PatientWeight", ""),
    "a weight in grams": of_header("PatientWeight", "70000"),
    "no dose": of_dose("RadionuclideTotalDose", None),
    "a dose of nothing": of_dose("RadionuclideTotalDose", "0"),
    "no half-life": of_dose("RadionuclideHalfLife", ""),
    "no time of injection": of_dose("RadiopharmaceuticalStartTime", ""),
    "a time that is none": of_dose("RadiopharmaceuticalStartTime", "25:99"),
    "days between injection and scan": of_dose("RadiopharmaceuticalStartDateTime", "20140616083045"),
    "no time of the series": of_header("SeriesTime", ""),
    "no injection": of_header("RadiopharmaceuticalInformationSequence", []),
}


@pytest.mark.parametrize("what", WRONG)
def test_without_all_that_it_is_made_from_there_is_no_uptake(slices: list[Dataset], what: str) -> None:
    for image in slices:
        WRONG[what](image)
    assert is_none(slices)


def test_slices_that_disagree_give_no_uptake(slices: list[Dataset]) -> None:
    slices[1].PatientWeight = "71"
    assert is_none(slices)


def is_none(slices: list[Dataset]) -> bool:
    with pytest.raises(NoVolume) as caught:
        suv_factor(slices)
    return caught.value.hindrance == Hindrance.NO_SUV
