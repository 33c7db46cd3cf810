"""A large cohort that stands: visits of made-up patients, accepted and folded as the service does it."""

import datetime as dt
import math
import random
from collections.abc import Iterator, Sequence

from models.measurement import Measurement
from stream.measured_scan import MeasuredScan
from stream.services.facts.clinical import ImportedVisit, Treatment, accept_clinical, accept_treatments, accept_visits
from stream.services.folding.reconcile import Reconciler
from stream.settings import Settings
from stream.storage.database import connect
from tests.services.accepted_facts import forecasters

VISITS = 4
AT_ONCE = 250
"""Patients whose facts are accepted and folded together."""
FILES = 20
RECEIVED = (
    """INSERT INTO core.associations
    SELECT 'a-' || scan_uid, 'CT-' || mod(abs(hashtext(scan_uid)), 4), '::1', now() FROM core.scans
    ON CONFLICT DO NOTHING""",
    """INSERT INTO core.instances (instance_uid, scan_uid, sha256, content_sha256, modality, kind, acquired_at,
      referenced, accepted_at, row_sha256)
    SELECT scan_uid || '.' || n, scan_uid, md5(scan_uid || n), md5(scan_uid || n), 'CT', 'image', acquired_at, '{}',
      accepted_at, '' FROM core.revisions CROSS JOIN generate_series(1, %(files)s) n ON CONFLICT DO NOTHING""",
    """INSERT INTO core.revision_instances (scan_uid, revision, instance_uid, row_sha256)
    SELECT scan_uid, 1, instance_uid, '' FROM core.instances ON CONFLICT DO NOTHING""",
    """INSERT INTO core.receipts SELECT 'r-' || instance_uid, 'a-' || scan_uid, sha256, content_sha256, scan_uid,
      'accepted', accepted_at FROM core.instances ON CONFLICT DO NOTHING""",
    """INSERT INTO core.senders SELECT calling_ae, max(peer), min(received_at), max(received_at), count(*)
    FROM core.receipts JOIN core.associations USING (association_id) GROUP BY 1
    ON CONFLICT (calling_ae) DO UPDATE SET accepted = excluded.accepted""",
    "UPDATE core.assembly SET modality = '{CT}'",
)
DISEASES = ("lung", "lung", "lung", "bladder", "breast")
DRUGS = ("nivolumab", "carboplatin")
RATES = (-0.004, -0.002, 0.0, 0.001, 0.003, 0.006)
"""Per day: from shrinking to half within six months to growth that soon counts as progression."""


def stand(settings: Settings, patients: int) -> Iterator[int]:
    """Let `patients` with VISITS visits each stand; yields how many do after each batch."""
    with connect(settings, "worker", timeouts=False) as connection:
        reconciler = Reconciler(connection, forecasters())
        for first in range(0, patients, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, patients))
            patients_of_batch = [patient_id(number) for number in numbers]
            now = dt.datetime.now(dt.UTC)
            with connection.transaction():
                accept_clinical(connection, [(patient_id(number), _clinical(number)) for number in numbers], now)
                accept_treatments(connection, [_drug(number, now) for number in numbers], now)
            for visits in zip(*(_visits(number, now) for number in numbers), strict=True):
                with connection.transaction():
                    accept_visits(connection, list(visits), now)
                reconciler.patients(patients_of_batch)
            yield numbers.stop


def receive_files(settings: Settings, files: int = FILES) -> None:
    """Let each scan that stands have so many files, as rows alone: what is counted of them is what is measured."""
    with connect(settings, "migrator", timeouts=False) as owner:
        for statement in RECEIVED:
            owner.execute(statement, {"files": files})
        owner.execute("VACUUM ANALYZE")


def patient_id(number: int) -> str:
    """The pseudonym of a patient: P and 26 characters, such as others have."""
    letters = random.Random(number).choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=26)
    return "P" + "".join(letters)


def _clinical(number: int) -> dict[str, str]:
    return {"trial": f"TRIAL-{number % 7}", "arm": "AB"[number % 2], "age": str(40 + number % 40)}


def _drug(number: int, now: dt.datetime) -> Treatment:
    """Given from a day after the first visit on."""
    first = _visits(number, now)[0].acquired_at
    return Treatment(patient_id(number), DRUGS[number % 2], "drug", first + dt.timedelta(days=1), None)


def _visits(number: int, now: dt.datetime) -> Sequence[ImportedVisit]:
    chance, disease = random.Random(number), DISEASES[number % len(DISEASES)]
    rate, first_mm, gap = chance.choice(RATES), chance.uniform(18, 60), chance.choice((28, 42, 63))
    last = now - dt.timedelta(days=chance.uniform(0, 75))
    return [
        _visit(number, visit, last - (VISITS - 1 - visit) * dt.timedelta(days=gap), disease, sizes)
        for visit in range(VISITS)
        for sizes in [_sizes(first_mm, rate, visit * gap, chance)]
    ]


def _sizes(first_mm: float, rate: float, day: int, chance: random.Random) -> tuple[float, float]:
    grown = first_mm * math.exp(rate * day)
    return round(grown * chance.uniform(0.97, 1.03), 1), round(0.4 * grown, 1)


def _visit(number: int, visit: int, at: dt.datetime, disease: str, sizes: Sequence[float]) -> ImportedVisit:
    patient = patient_id(number)
    found = [
        Measurement("longest_diameter", size, "import", f"lesion-{patient}-{place}", f"Target {place}", disease)
        for place, size in enumerate(sizes)
    ]
    if disease == "breast":
        found.append(Measurement("volume", round(sizes[0] ** 3 / 2000, 2), "import", None, None, disease))
    scan = MeasuredScan(tuple(found), disease, None)
    return ImportedVisit(f"2.25.{number}.{visit}", patient, at, disease, scan)
