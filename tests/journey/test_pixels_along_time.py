"""Pixels from storescu to a forecast: series of CT, MR and PET become states and risks, and late ones fold in."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, uid

from models.card import Card
from models.encoding.encoder import CARDS, Encoder
from models.imaging.volume import Volume
from models.simulation.series import simulated_series
from stream.simulated.synthetic import make_series, save
from tests.journey.service import WAIT_SECONDS, Service, running_service

ENCODER = Encoder.load(CARDS / "encoder")
WEIGHTS = Card.read(CARDS / "survival" / "card.json").weights_sha256
DAYS = ("20240108", "20240219", "20240401")
CLASSES = {
    "CT": uid.CTImageStorage,
    "MR": uid.MRImageStorage,
    "PT": uid.PositronEmissionTomographyImageStorage,
}
STEP = {"CT": (1.0, -1024.0), "MR": (1.0, 0.0), "PT": (0.01, 0.0)}
"""Slope and intercept of what is stored."""
HELD = {
    "CT": {"RescaleType": "HU"},
    "MR": {},
    "PT": {"Units": "GML", "CorrectedImage": ["ATTN", "DECY"], "DecayCorrection": "START"},
}


def as_stored(volume: Volume) -> np.ndarray:
    slope, intercept = STEP[volume.modality]
    return np.clip(np.round((volume.values - intercept) / slope), 0, 4095)


def sent(modality: str, day: str, diameter_mm: float, seed: int, **of_study: object) -> list[Dataset]:
    """A simulated series as DICOM, each slice an instance."""
    volume = simulated_series(modality, 1.0, diameter_mm, np.random.default_rng(seed))
    slope, intercept = STEP[modality]
    rescaled = {} if modality == "MR" else {"RescaleSlope": str(slope), "RescaleIntercept": str(intercept)}
    about = {"SOPClassUID": CLASSES[modality], "Modality": modality, "BodyPartExamined": "CHEST", "StudyDate": day}
    named = {"PatientID": "along-1", "SeriesDescription": "made up", **HELD[modality], **rescaled, **of_study}
    return make_series(as_stored(volume), volume.spacing_mm, **about, **named)


def expected(modality: str, diameter_mm: float, seed: int) -> tuple[float, ...]:
    """What the encoder says of the values as they were stored."""
    volume = simulated_series(modality, 1.0, diameter_mm, np.random.default_rng(seed))
    slope, intercept = STEP[modality]
    values = (as_stored(volume) * slope + intercept).astype(np.float32)
    return ENCODER.embedding(volume._replace(values=values))


def stored(service: Service, folder: Path, series: list[Dataset]) -> None:
    paths = [save(one, folder / f"{one.SOPInstanceUID}.dcm") for one in series]
    assert service.store(paths) == len(paths)
    service.settle()


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, which encodes series from its second start on, and steps through them."""
    with running_service(
        tmp_path_factory.mktemp("along"), assume_disease="lung", association_wait_seconds=WAIT_SECONDS
    ) as service:
        for name in ("encoder", "survival"):
            ended = service.command("model", "add", str(CARDS / name), "--why", "to look at")
            assert ended.returncode == 0, ended.stdout + ended.stderr
        ended = service.command("model", "promote", WEIGHTS[:10])
        assert ended.returncode == 0, ended.stdout + ended.stderr
        service.end()
        service.start()
        yield service


def states(service: Service) -> dict[str, bytes]:
    query = "SELECT scan_uid, state FROM core.states WHERE weights_version = %s AND superseded_by IS NULL"
    return dict(service.ask(query, [WEIGHTS], role="worker"))


def test_series_become_states_and_forecasts_and_a_late_and_a_corrected_scan_are_the_fold(
    seeing: Service, tmp_path: Path
) -> None:
    first, third = uid.generate_uid(), uid.generate_uid()
    ct, pet = sent("CT", DAYS[0], 30.0, 1, StudyInstanceUID=first), sent("PT", DAYS[0], 30.0, 2, StudyInstanceUID=first)
    stored(seeing, tmp_path, [*ct, *pet])
    stored(seeing, tmp_path, sent("CT", DAYS[2], 45.0, 3, StudyInstanceUID=third))

    rows = seeing.ask("SELECT modality, embedding, masked_because FROM scanstream.scan_embedding WHERE scan_uid = %s "
                      "ORDER BY 1", [seeing.scan(first)])  # fmt: skip
    assert [(modality, why) for modality, _, why in rows] == [("CT", None), ("PT", None)]
    for (_, said, _), told in zip(rows, (expected("CT", 30.0, 1), expected("PT", 30.0, 2)), strict=True):
        np.testing.assert_allclose(said, told, atol=1e-4)

    risk = "SELECT risk FROM scanstream.current_risk WHERE endpoint = 'death' AND patient_id = %s ORDER BY horizon_days"
    patient = seeing.patient("along-1")
    before, forecast = states(seeing), seeing.ask(risk, [patient])
    assert len(before) == 2 and len(forecast) == 2

    stored(seeing, tmp_path, sent("MR", DAYS[1], 38.0, 4))  # late
    after = states(seeing)
    assert after[seeing.scan(first)] == before[seeing.scan(first)]
    assert after[seeing.scan(third)] != before[seeing.scan(third)] and len(after) == 3

    broken = sent("PT", DAYS[2], 45.0, 5, StudyInstanceUID=third, Units="CNTS")
    stored(seeing, tmp_path, broken)  # a new revision, of which one modality cannot be read
    rows = seeing.ask("SELECT modality, revision, masked_because FROM scanstream.scan_embedding WHERE scan_uid = %s "
                      "ORDER BY 1", [seeing.scan(third)])  # fmt: skip
    assert [(modality, why) for modality, _, why in rows] == [("CT", None), ("PT", "no_suv")]
    assert seeing.ask(risk, [patient]) != forecast
    checked = seeing.verify()
    assert checked["I5"] >= 3
