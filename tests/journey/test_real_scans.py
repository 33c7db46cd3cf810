"""The follow-up of 392 real patients through the real door, in any order."""

import csv
import json
import random
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from models.features import IMAGE_NAMES, IMAGES
from tests.data import shared_data
from tests.journey.outside import everything_said
from tests.journey.service import SETTLE_SECONDS, Service
from tests.programs import needs_program

SEED = 20261123
ASSOCIATION = 650
"""Files of one association: a brain study is spread over all three, so that it comes in several revisions."""
COLUMNS = {
    ("volume", "ml"): "functional_tumor_volume_cm3",
    ("longest_diameter", "mm"): "longest_diameter_mm",
    ("sum_of_diameters", "mm"): "longest_diameter_mm",  # of the one lesion that was measured
    ("sphericity", "1"): "sphericity",
    ("background_parenchymal_enhancement", "%"): "bpe_percent",
}
STANDING = (
    "instances",
    "revisions",
    "revision_instances",
    "features",
    "measurements",
    "findings",
    "set_asides",
    "heads",
    "folds",
    "ledger",
    "placements",
    "states",
    "forecasts",
    "size_forecasts",
    "response_probabilities",
    "visits",
    "responses",
    "endpoint_statuses",
)


@dataclass(frozen=True)
class Sent:
    """The files, in the order in which they were sent, and how many the sender was told success for."""

    paths: list[Path]
    successes: int
    status: dict


@pytest.fixture(scope="module")
def sent(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """All 1936 files sent in shuffled order, and everything settled."""
    needs_program("storescu")
    folder = tmp_path_factory.mktemp("samples")
    for archive in ("ispy2/sr.tar.gz", "brain_tumor_progression/dicom.tar.gz"):
        with tarfile.open(shared_data() / archive) as packed:
            packed.extractall(folder, filter="data")
    paths = sorted(folder.rglob("*.dcm"))
    random.Random(SEED).shuffle(paths)
    successes = sum(service.store(paths[at : at + ASSOCIATION]) for at in range(0, len(paths), ASSOCIATION))
    return Sent(paths, successes, json.loads(service.command("status", "--wait", str(SETTLE_SECONDS), "--json").stdout))


@pytest.fixture(scope="module")
def headers(sent: Sent) -> list[Dataset]:
    return [dcmread(path, stop_before_pixels=True) for path in sent.paths]


@pytest.fixture(scope="module")
def patients(service: Service, sent: Sent) -> dict[str, str]:
    """Pseudonym → the hospital's ID, of the patients sent here."""
    known = service.ask("SELECT patient_id, mrn FROM vault.patients", role="vault")
    return {patient_id: mrn for patient_id, mrn in known if mrn.startswith(("ISPY2-", "PGBM-"))}


def test_every_file_is_accepted_and_every_scan_applied(service: Service, sent: Sent, patients: dict[str, str]) -> None:
    assert len(sent.paths) == sent.successes == 1936
    assert sent.status["pending"] == sent.status["spool"] == 0
    assert Counter(mrn.partition("-")[0] for mrn in patients.values()) == {"ISPY2": 384, "PGBM": 8}
    rows = service.ask(
        "SELECT DISTINCT ON (scan_uid) patient_id, status, instances FROM scanstream.scan_status "
        "ORDER BY scan_uid, revision DESC"
    )
    rows = [(status, instances) for patient_id, status, instances in rows if patient_id in patients]
    assert len(rows) == 384 * 4 + 8 * 2
    assert {status for status, _ in rows} == {"applied"}
    assert sum(instances for _, instances in rows) == 1936


def test_every_breast_patient_has_four_forecasts_of_pcr_and_of_nothing_else(
    service: Service, patients: dict[str, str]
) -> None:
    rows = service.ask(
        "SELECT patient_id, endpoint, horizon_kind, role, model, scan_uid, risk, risk_low, risk_high "
        "FROM scanstream.risk_history WHERE superseded_at IS NULL"
    )
    rows = [row for row in rows if row[0] in patients]
    assert {row[1:5] for row in rows} == {("pcr", "end_of_treatment", "lead", "response")}
    counts = Counter(row[0] for row in rows)
    assert {patients[patient_id] for patient_id in counts} == {m for m in patients.values() if m.startswith("ISPY2-")}
    assert set(counts.values()) == {4}
    assert len({row[5] for row in rows}) == len(rows)
    assert all(0 <= low <= risk <= high <= 1 for *_, risk, low, high in rows)


def test_the_current_risk_is_that_of_the_last_visit(service: Service, patients: dict[str, str]) -> None:
    rows = service.ask("SELECT patient_id, acquired_at FROM scanstream.current_risk")
    latest = {patient_id: at for patient_id, at in rows if patient_id in patients}
    assert len(latest) == len([row for row in rows if row[0] in patients]) == 384
    last = service.ask("SELECT patient_id, max(acquired_at) FROM scanstream.trajectory GROUP BY 1")
    assert latest == {patient_id: at for patient_id, at in last if patient_id in latest}


def test_every_stored_value_is_the_published_one_on_its_day(service: Service, patients: dict[str, str]) -> None:
    rows = service.ask("SELECT patient_id, day, measurement, unit, value, source FROM scanstream.trajectory")
    stored = {
        (patients[patient_id], day, measurement): value
        for patient_id, day, measurement, unit, value, source in rows
        if patients.get(patient_id, "").startswith("ISPY2-") and source == "SR" and (measurement, unit) in COLUMNS
    }
    published = dict(_published(shared_data() / "ispy2" / "measurements.csv"))
    assert stored.keys() == published.keys()
    keys = sorted(stored)
    np.testing.assert_allclose([stored[key] for key in keys], [published[key] for key in keys], rtol=1e-6)


def _published(table: Path) -> Iterator[tuple[tuple[str, int, str], float]]:
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            for (measurement, _), column in COLUMNS.items():
                if row[column]:
                    yield (row["patient_id"], int(row["day"]), measurement), float(row[column])


def test_brain_volumes_are_those_of_the_voxels_marked(
    service: Service, sent: Sent, headers: list[Dataset], patients: dict[str, str]
) -> None:
    rows = service.ask(
        "SELECT patient_id, acquired_at::date, sum(value) FROM scanstream.trajectory "
        "WHERE measurement = 'volume' AND source = 'SEG' AND unit = 'ml' GROUP BY 1, 2"
    )
    volumes = {(patients[patient_id], f"{day:%Y%m%d}"): ml for patient_id, day, ml in rows if patient_id in patients}
    marked = {
        (header.PatientID, header.StudyDate): int(np.count_nonzero(dcmread(path).pixel_array))
        for path, header in zip(sent.paths, headers, strict=True)
        if header.Modality == "SEG"
    }
    assert volumes.keys() == marked.keys()
    assert len(marked) == 16
    # the voxel size of these files is a placeholder: only the relation between volumes says something
    ml_per_voxel = [volumes[visit] / marked[visit] for visit in marked]
    np.testing.assert_allclose(ml_per_voxel, ml_per_voxel[0], rtol=1e-6)


def test_how_a_tumour_looks_is_known_wherever_it_is_large_enough(service: Service, patients: dict[str, str]) -> None:
    rows = service.ask("SELECT patient_id, feature_version, x FROM scanstream.timepoint")
    brain = [(version, x) for patient_id, version, x in rows if patients.get(patient_id, "").startswith("PGBM-")]
    looks = [x for version, x in brain if version == IMAGES]
    assert (len(brain), len(looks)) == (16, 15), "one has less than half a millilitre"
    assert all(x[name] is not None for x in looks for name in IMAGE_NAMES if name != "relative_attenuation")
    assert all(x["relative_attenuation"] is None for x in looks), "MR has no attenuation"


def test_a_scan_that_no_model_was_made_for_stands_with_that_reason(service: Service, patients: dict[str, str]) -> None:
    rows = service.ask("SELECT patient_id, status, reason, modality FROM scanstream.scan_status")
    brain = [row[1:] for row in rows if patients.get(row[0], "").startswith("PGBM-") and row[1] == "applied"]
    assert len(brain) == 16
    assert all(row == ("applied", "no model applies", ["MR", "SEG"]) for row in brain)


def test_stored_states_and_forecasts_equal_the_reference_fold(service: Service, sent: Sent) -> None:
    checked = service.verify()
    assert checked["I1"] >= 1936
    assert checked["I5"] >= 384 * 4


def test_sending_again_also_reencoded_makes_duplicates_and_changes_nothing(service: Service, sent: Sent) -> None:
    files_before, before = service.settle()["files"], _fingerprints(service)
    tenth = random.Random(SEED + 1).sample(sent.paths, len(sent.paths) // 10)
    third = len(tenth) // 3
    parts = (tenth[:third], tenth[third : 2 * third], tenth[2 * third :])
    for part, options in zip(parts, ((), ("-xi",), ("-xe",)), strict=True):
        assert service.store(part, *options) == len(part)
    files = service.settle()["files"]
    assert files == {**files_before, "duplicate": files_before["duplicate"] + len(tenth)}
    assert _fingerprints(service) == before


def _fingerprints(service: Service) -> dict[str, tuple[int, str]]:
    """Number of rows and a hash over all columns of every table that a scan may change."""
    query = "SELECT count(*), md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) FROM core.{} t"
    return {name: service.ask(query.format(name), role="worker")[0] for name in STANDING}


def test_no_original_identifier_leaves_vault_spool_and_archive(
    service: Service, sent: Sent, headers: list[Dataset]
) -> None:
    originals = {str(value) for header in headers for value in _identifiers(header)}
    for place, text in everything_said(service):
        # every identifier of these files is a word of letters, digits, dots, dashes and carets
        found = set(re.findall(r"[\w.^-]+", text)) & originals
        assert not found, f"{place} tells {len(found)} identifiers"
        assert "ISPY2-" not in text, place
        assert "PGBM-" not in text, place


def _identifiers(header: Dataset) -> Iterator[object]:
    yield from (header.PatientID, header.PatientName, header.StudyInstanceUID, header.SeriesInstanceUID)
    yield from (header.SOPInstanceUID, header.get("FrameOfReferenceUID", header.SOPInstanceUID))
