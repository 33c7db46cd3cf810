"""What is compared: the facts of timelines as they were accepted, and the states and forecasts that stand for them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stream.services.verify.reference import PatientFacts, ScanRevision, TreatmentRevision
from stream.services.verify.reference_course import SaidOfLesions
from stream.services.verify.reference_lesions import Word
from stream.storage.database import Connection
from stream.storage.folding import forecasts
from stream.storage.folding.conventions import read_conventions
from stream.storage.folding.findings import read_findings
from stream.storage.folding.forecasts import FoldedForecast
from stream.storage.folding.lesion_maps import read_lesion_maps
from stream.timeline.entries import ScanFindings


@dataclass
class StandsAfterScan:
    """The standing state and forecasts of one scan under one set of weights; a forecast may stand without a state.

    `ended`: forecasts that were made with this state and stand no more.
    """

    revision: int | None = None
    at: dt.datetime | None = None
    position: int | None = None
    state: bytes | None = b""
    digest: bytes = b""
    forecasts: list[FoldedForecast] = field(default_factory=list)
    ended: list[FoldedForecast] = field(default_factory=list)


StandingByScan = dict[str, StandsAfterScan]


def read_standing(connection: Connection, patients: Sequence[str]) -> dict[tuple[str, str], StandingByScan]:
    """(patient_id, weights_version) → what stands after each scan."""
    standing: dict[tuple[str, str], StandingByScan] = {}
    query = """SELECT patient_id, weights_version, scan_uid, revision, at, position, state, digest FROM core.states
    WHERE superseded_by IS NULL AND patient_id = ANY(%s)"""
    for patient_id, version, scan_uid, *values in connection.execute(query, [list(patients)]):
        standing.setdefault((patient_id, version), {})[scan_uid] = StandsAfterScan(*values)
    for row in forecasts.read_standing(connection, patients):
        by_scan = standing.setdefault((row.patient_id, row.weights_version), {})
        by_scan.setdefault(row.scan_uid, StandsAfterScan()).forecasts.append(row)
    for row in forecasts.read_ended(connection, patients):
        by_scan = standing.setdefault((row.patient_id, row.weights_version), {})
        by_scan.setdefault(row.scan_uid, StandsAfterScan()).ended.append(row)
    return standing


def read_facts(connection: Connection, patients: Sequence[str]) -> dict[str, PatientFacts]:
    """All accepted facts of `patients`, resolved by plain Python over aliases and assignments."""
    aliases = connection.execute("SELECT patient_id, into_patient_id FROM core.aliases").fetchall()
    parents: dict[str, str] = dict(aliases)
    wanted = set(patients)
    facts = {patient_id: PatientFacts(patient_id) for patient_id in patients}

    def root(patient_id: str) -> str:
        while patient_id in parents:
            patient_id = parents[patient_id]
        return patient_id

    conventions = read_conventions(connection)
    said = {key: what for one in read_findings(connection, patients).values() for key, what in one.items()}
    members = [patient for patient in {*parents, *wanted} if root(patient) in wanted]
    for owner, uid, revision, at, minutes, *values in connection.execute(SCANS, {"members": members}):
        if root(owner) in wanted:
            of_lesions = said.get((uid, revision), ScanFindings())
            told = of_lesions.lesions, of_lesions.stated_sum_mm, of_lesions.time_point, of_lesions.registrations
            on = SaidOfLesions(conventions.scan_day(at, minutes), *told)
            disease, version, x, rejected = values
            facts[root(owner)].scans.append(ScanRevision(uid, revision, at, disease, version, x, rejected, on))
    for owner, line, *values in connection.execute(TREATMENTS, {"members": members}):
        treatment_id, revision, at, name, kind, start_at, end_at, withdrawn = values
        dates = at, name, kind, start_at, end_at, withdrawn, conventions.day(start_at), line
        facts[root(owner)].treatments.append(TreatmentRevision(treatment_id, revision, *dates))
    for owner, *values in connection.execute(OUTCOMES_ENTERED, {"members": members}):
        endpoint, at, event, withdrawn = values
        facts[root(owner)].outcomes += [] if withdrawn else [(endpoint, at, event)]
    for patient in facts.values():
        patient.outcomes.sort(key=lambda one: (one[0], not one[2], one[1] is None, one[1] or NEVER))
    for owner, withdrawn, *word in connection.execute(WORDS, {"members": members}):
        facts[root(owner)].words += [] if withdrawn else [Word(*word)]
    for patient_id in patients:
        facts[patient_id].window_days, facts[patient_id].criteria = conventions.visit_window_days, conventions.criteria
    query = "SELECT received_as, revision, facts FROM core.clinical WHERE received_as = ANY(%(members)s)"
    for received_as, revision, values in connection.execute(query, {"members": members}):
        facts[root(received_as)].clinical.append((received_as, revision, values))
    _add_outlines(connection, facts)
    return facts


def _add_outlines(connection: Connection, facts: Mapping[str, PatientFacts]) -> None:
    owners = {(scan.scan_uid, scan.revision): patient for patient in facts.values() for scan in patient.scans}
    for (uid, revision), maps in read_lesion_maps(connection, owners).items():
        owners[uid, revision].outlines |= {(uid, revision, lesion): each for lesion, each in maps.items()}


SCANS = """SELECT coalesce(a.patient_id, s.received_as), r.scan_uid, r.revision, r.acquired_at, r.utc_offset_minutes,
  f.disease, f.feature_version, f.x,
  EXISTS (SELECT FROM core.rejections j WHERE j.scan_uid = r.scan_uid AND j.revision >= r.revision AND NOT j.withdrawn
    AND NOT EXISTS (SELECT FROM core.rejections n WHERE n.scan_uid = j.scan_uid AND n.revision = j.revision
      AND n.number > j.number))
  OR EXISTS (SELECT FROM core.set_asides i WHERE i.scan_uid = r.scan_uid AND i.revision = r.revision
    AND coalesce(i.decision, '') <> 'released')
FROM core.scans s LEFT JOIN core.assignments a USING (scan_uid) JOIN core.revisions r USING (scan_uid)
JOIN LATERAL (SELECT disease, feature_version, x FROM core.features
  WHERE scan_uid = r.scan_uid AND revision = r.revision
  ORDER BY cardinality(x) DESC LIMIT 1) f ON true
WHERE coalesce(a.patient_id, s.received_as) = ANY(%(members)s)"""

TREATMENTS = """SELECT received_as, line, treatment_id, revision, at, name, kind, start_at, end_at, withdrawn
FROM core.treatments WHERE received_as = ANY(%(members)s)"""

NEVER = dt.datetime.max

OUTCOMES_ENTERED = """SELECT DISTINCT ON (outcome_id) received_as, endpoint, at, event, withdrawn FROM core.outcomes
WHERE received_as = ANY(%(members)s) ORDER BY outcome_id, revision DESC"""

WORDS = """SELECT DISTINCT ON (link_id) received_as, withdrawn, relation, lesion_uid, other_uid, day
FROM core.lesion_links WHERE received_as = ANY(%(members)s) ORDER BY link_id, revision DESC"""
