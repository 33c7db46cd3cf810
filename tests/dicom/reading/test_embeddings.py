"""What an encoder is asked of a scan: one series of each modality, and of what is not read the reason."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from pydicom import Dataset, dcmread, uid

from models.encoding.encoder import CARDS, Encoder
from models.imaging.volume import Volume
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.measurements import measure_scan
from stream.dicom.reading.volumes.embeddings import EncodingModel
from stream.dicom.reading.volumes.image_models import ImageModels
from stream.measured_scan import MeasuredScan, SeriesEmbedding
from tests.dicom.factories import make_series, make_sr, save

GREY = np.random.default_rng(1).integers(100, 200, (5, 16, 16))
VERSION = "cd" * 32


def said_of(volume: Volume) -> tuple[float, ...]:
    """An encoder of means: deterministic, of the same signature as a network."""
    mean = float(volume.values.mean())
    return mean, float(len(volume.values)), 0.0, 1.0


ENCODER = EncodingModel("means", VERSION, said_of)
Measure = Callable[..., MeasuredScan]


@pytest.fixture
def measure(pseudonyms: Pseudonyms, tmp_path: Path) -> Measure:
    def run(*datasets: Dataset, encoder: EncodingModel | None = ENCODER) -> MeasuredScan:
        files = [save(one, tmp_path / f"{one.SOPInstanceUID}.dcm") for one in datasets]
        return measure_scan(files, pseudonyms, "P1", models=ImageModels(encoder=encoder))

    return run


def ct(grey: np.ndarray = GREY, **more: object) -> list[Dataset]:
    unit = {"RescaleSlope": "1", "RescaleIntercept": "-1024", "RescaleType": "HU"}
    return make_series(grey, (5.0, 1.0, 1.0), SOPClassUID=uid.CTImageStorage, Modality="CT", **{**unit, **more})


def mr(grey: np.ndarray = GREY, **more: object) -> list[Dataset]:
    return make_series(grey, (5.0, 1.0, 1.0), **more)


def pet(grey: np.ndarray = GREY, **more: object) -> list[Dataset]:
    unit = {"Units": "GML", "RescaleSlope": "0.01", "RescaleIntercept": "0"}
    corrected = {"CorrectedImage": ["NORM", "ATTN", "DECY"], "DecayCorrection": "START"}
    of_class = {"SOPClassUID": uid.PositronEmissionTomographyImageStorage, "Modality": "PT"}
    return make_series(grey, (5.0, 1.0, 1.0), **{**of_class, **unit, **corrected, **more})


def read(scan: MeasuredScan) -> dict[str, tuple[float, ...] | str | None]:
    """By modality what was said, or why nothing was."""
    return {one.modality: one.embedding or one.masked_because for one in scan.encoded}


def test_a_series_of_each_modality_is_read_in_its_unit(measure: Measure, pseudonyms: Pseudonyms) -> None:
    series = ct(), mr(), pet()
    scan = measure(*series[2][::-1], *series[0], *series[1])
    mean = GREY.mean()
    assert [one.modality for one in scan.encoded] == ["CT", "MR", "PT"]
    assert [one.embedding and one.embedding[0] for one in scan.encoded] == pytest.approx(
        [mean - 1024, mean, mean / 100], rel=1e-5
    )
    assert scan.encoded[0] == SeriesEmbedding(
        "CT", "means", VERSION, pseudonyms.series_uid(series[0][0].SeriesInstanceUID), 5, scan.encoded[0].embedding
    )


def test_a_modality_that_is_missing_changes_nothing_for_the_others(measure: Measure) -> None:
    series = {"CT": ct(), "MR": mr(), "PT": pet()}
    together = read(measure(*(image for each in series.values() for image in each)))
    for missing in series:
        others = [image for name, each in series.items() if name != missing for image in each]
        assert read(measure(*others)) == {name: said for name, said in together.items() if name != missing}


@pytest.mark.parametrize(
    ("images", "why"),
    [
        (ct()[:1], "one_slice"),
        (ct(RescaleType="US"), "no_unit"),
        (pet(Units="CNTS"), "no_suv"),
        ([one for level, one in enumerate(mr()) if level != 2], "missing_slices"),
        (mr(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), "no_slices"),
        (ct(ImageOrientationPatient=[0, 1, 0, 0, 0, -1])[:3], "doubled_slices"),
    ],
)
def test_what_cannot_be_read_is_masked_with_its_reason_and_the_others_are_read(
    measure: Measure, images: list[Dataset], why: str
) -> None:
    other = mr() if images[0].Modality != "MR" else ct()
    said = read(measure(*images, *other))
    assert said[images[0].Modality] == why
    assert isinstance(said[other[0].Modality], tuple)


def test_of_several_series_the_one_with_a_contrast_agent_is_read_then_the_one_with_most_slices(
    measure: Measure,
) -> None:
    few, many = mr(GREY[:3]), mr()
    assert measure(*few, *many).encoded[0].slices == 5
    for image in few:
        image.ContrastBolusAgent = "Gd"
    assert measure(*many, *few).encoded[0].slices == 3


def test_a_damaged_series_leaves_the_place_to_the_next(measure: Measure) -> None:
    damaged, whole = ct(), ct(GREY[:4])
    damaged[2].PixelData = damaged[2].PixelData[:20]
    assert measure(*damaged, *whole).encoded[0].slices == 4
    assert read(measure(*damaged)) == {"CT": "not_decodable"}


def test_a_report_alone_has_nothing_to_read_and_without_an_encoder_nothing_is(measure: Measure) -> None:
    assert measure(make_sr()).encoded == ()
    assert measure(*ct(), encoder=None).encoded == ()


def test_real_series_are_read_and_real_single_slices_are_not(measure: Measure, brain: Path) -> None:
    """CT of pydicom's samples, MR of a brain; no package at hand ships a series of PET."""
    encoder = Encoder.load(CARDS / "encoder")
    real = EncodingModel("encoder", encoder.card.weights_sha256, encoder.embedding)
    folder = Path(pydicom.data.__path__[0]) / "test_files"
    headers = [dcmread(path) for path in sorted((folder / "dicomdirtests" / "98892001").glob("CT*/*"))]
    heads = [dcmread(path) for path in sorted((sorted(brain.glob("*/*"))[0] / "MR").glob("*.dcm"))]
    scan = measure(*headers, *heads, encoder=real)
    assert [(one.modality, one.slices) for one in scan.encoded] == [("CT", 5), ("MR", 24)]
    assert all(0 <= value <= 1 for one in scan.encoded for value in one.embedding or (2.0,))
    alone = [dcmread(folder / name) for name in ("CT_small.dcm", "MR_small.dcm")]
    assert read(measure(*alone, encoder=real)) == {"CT": "one_slice", "MR": "one_slice"}
