"""The kinds of traffic that reach crash points: each brings something new and says how one sees that it all counts."""

import datetime as dt
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset

from stream.services.facts.clinical import accept_treatments, accept_visits
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.reconcile import Reconciler
from stream.simulated.segmentation import make_seg
from stream.simulated.synthetic import SyntheticLesion, make_series, make_sr, save
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from tests.faults.crashing import Crashing
from tests.services.accepted_facts import accept, apply_identity, drug, forecasters, lung
from tests.waiting import wait_until

Holds = Callable[[], bool]
LONG_AGO = dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)
numbers = itertools.count(1)


@dataclass
class Case:
    """One delivery of a scenario: a patient of its own, and files that a gateway which died did not answer for."""

    crashing: Crashing
    name: str = field(default_factory=lambda: f"patient-{next(numbers)}")
    unanswered: list[list[Path]] = field(default_factory=list)

    @property
    def connection(self) -> Connection:
        """For what a person would do, and for looking."""
        return self.crashing.connection

    def send(self, *datasets: Dataset) -> None:
        """Send in one association; what is not answered with success is sent again by `send_again`."""
        folder = self.crashing.folder / "files"
        self.unanswered.append(
            self.crashing.send([save(one, folder / f"{one.SOPInstanceUID}.dcm") for one in datasets])
        )

    def send_again(self) -> None:
        """As a sender does with files that were not answered with success."""
        self.unanswered = [left for paths in self.unanswered if paths and (left := self.crashing.send(paths))]

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        """A message of another system, or a bell."""
        self.crashing.publisher.publish(topic, self.name, message)
        self.crashing.publisher.flush()

    def tell(self, kind: str, received_as: str, fact: dict[str, Any] | None = None) -> None:
        """A message on patient-events."""
        event_id = f"{kind}-{self.name}"
        self.publish("patient-events", {"event_id": event_id, "kind": kind, "received_as": received_as, "fact": fact})

    def patient(self, name: str) -> str:
        """A patient of whom two scans stand already; its pseudonym."""
        patient = f"{self.name}-{name}"
        accept(self.connection, lung(patient, "a", 0, 30), lung(patient, "b", 60, 24))
        Reconciler(self.connection, forecasters()).patients([patient])
        return patient

    def count(self, query: str, *values: object) -> int:
        """The number that a query answers."""
        return self.connection.execute(query, values).fetchone()[0]

    def applied(self, revisions: int = 1) -> Holds:
        """Whether so many revisions of what this patient's files brought were seen by a fold."""
        query = """SELECT count(*) FROM core.ledger g JOIN core.scans s ON g.kind = 'scan' AND g.id = s.scan_uid
        JOIN vault.patients p ON p.patient_id = s.received_as WHERE p.mrn = %s"""
        return lambda: self.count(query, self.name) >= revisions

    def in_ledger(self, kind: str, prefix: str) -> Holds:
        """Whether a fold has seen the fact of this kind whose id begins so."""
        query = "SELECT count(*) FROM core.ledger WHERE kind = %s AND starts_with(id, %s)"
        return lambda: self.count(query, kind, prefix) > 0

    def treated(self, patient: str) -> Holds:
        """Whether a fold has seen the patient's one treatment."""
        query = """SELECT count(*) FROM core.treatments t JOIN core.ledger g
        ON g.kind = 'treatment' AND g.id = t.treatment_id WHERE t.received_as = %s"""
        return lambda: self.count(query, patient) == 1

    def took_effect(self, event_id: str) -> Holds:
        """Whether the identity event is done."""
        query = "SELECT count(*) FROM core.identity_events WHERE event_id = %s AND outcome = 'done'"
        return lambda: self.count(query, event_id) == 1


def sr(case: Case) -> Holds:
    """A report alone: complete at once."""
    case.send(make_sr([SyntheticLesion({"longest_diameter": (22.0, "mm")})], PatientID=case.name))
    return case.applied()


def image_and_seg(case: Case) -> Holds:
    """Slices and their segmentation: complete when the association has ended."""
    case.send(*_images_and_seg(case))
    return case.applied()


def late_slice(case: Case) -> Holds:
    """A slice that comes in an association of its own: with the others, or a revision of its own."""
    *images, last, seg = _images_and_seg(case)
    case.send(*images, seg)
    case.send(last)
    query = """SELECT count(*) FROM core.revision_instances r JOIN core.ledger g
      ON g.kind = 'scan' AND g.id = r.scan_uid AND g.revision = r.revision JOIN core.scans s USING (scan_uid)
      JOIN vault.patients p ON p.patient_id = s.received_as WHERE p.mrn = %s
      GROUP BY r.scan_uid, r.revision ORDER BY 1 DESC LIMIT 1"""
    return lambda: case.connection.execute(query, [case.name]).fetchone() == (len(images) + 2,)


def duplicate(case: Case) -> Holds:
    """The same report twice."""
    report = make_sr(PatientID=case.name)
    case.send(report)
    case.send(report)
    return case.applied()


def no_date(case: Case) -> Holds:
    """A report without a date: kept, and set aside by the gateway."""
    before = case.count("SELECT count(*) FROM core.set_asides")
    case.send(make_sr(PatientID=case.name, StudyDate=""))
    return lambda: case.count("SELECT count(*) FROM core.set_asides WHERE reason_code = 'no_date'") > before


def released(case: Case) -> Holds:
    """A report without a date that a person releases by SQL, saying the day."""
    query = """SELECT item_id FROM core.set_asides i WHERE decision IS NULL
    AND NOT EXISTS (SELECT FROM core.wishes w WHERE w.item_id = i.item_id)"""
    case.send(make_sr(PatientID=case.name, StudyDate=""))
    wait_until(lambda: case.connection.execute(query).fetchone() is not None)
    (item,) = case.connection.execute(query).fetchone()
    case.connection.execute("SELECT scanstream.release(%s, 'the film says it', acquired => '2024-02-08')", [item])
    done = "SELECT count(*) FROM core.wishes WHERE item_id = %s AND answer = 'done'"
    return lambda: case.count(done, item) == 1 and case.applied()()


def unknown_unit(case: Case) -> Holds:
    """A report in a unit that nobody knows: set aside when it is measured."""
    before = case.count("SELECT count(*) FROM core.set_asides")
    case.send(make_sr([SyntheticLesion({"longest_diameter": (22.0, "[ft_us]")})], PatientID=case.name))
    return lambda: case.count("SELECT count(*) FROM core.set_asides WHERE reason_code = 'unknown_unit'") > before


def treatment(case: Case) -> Holds:
    """A treatment from before the last scan."""
    patient = case.patient("treated")
    case.tell("treatment", patient, {"name": "docetaxel", "kind": "drug", "start_at": "2025-03-20"})
    return case.treated(patient)


def clinical(case: Case) -> Holds:
    """A clinical fact."""
    patient = case.patient("known")
    case.tell("clinical", patient, {"age": "63"})
    return case.in_ledger("clinical", patient)


def outcome(case: Case) -> Holds:
    """An outcome, which settles a question."""
    patient = case.patient("observed")
    case.tell("outcome", patient, {"endpoint": "progression", "at": "2025-09-01", "event": True})
    query = """SELECT count(*) FROM core.ledger g JOIN core.outcomes o ON g.kind = 'outcome' AND g.id = o.outcome_id
    WHERE o.received_as = %s"""
    return lambda: case.count(query, patient) == 1


def rejection(case: Case) -> Holds:
    """A person takes a scan down."""
    patient = case.patient("rejected")
    case.tell("rejection", patient, {"scan_uid": f"{patient}/a", "because": "quality"})
    return case.in_ledger("rejection", f"{patient}/a")


def rejection_withdrawn(case: Case) -> Holds:
    """And lets it count again."""
    patient = case.patient("withdrawn")
    with case.connection.transaction():
        accept_rejections(case.connection, [Rejection(f"{patient}/a", None, "quality", "test")], LONG_AGO)
    Reconciler(case.connection, forecasters()).patients([patient])
    case.tell("rejection", patient, {"scan_uid": f"{patient}/a", "because": "quality", "withdrawn": True})
    query = "SELECT count(*) FROM core.ledger WHERE kind = 'rejection' AND starts_with(id, %s)"
    return lambda: case.count(query, f"{patient}/a") == 2


def merge(case: Case) -> Holds:
    """Two records turn out to be one patient."""
    one, other = case.patient("one"), case.patient("other")
    case.tell("merge", one, {"into": other})
    return case.took_effect(f"merge-{case.name}")


def unmerge(case: Case) -> Holds:
    """Or not, after all."""
    one, other = case.patient("one"), case.patient("other")
    accept_identity(case.connection, IdentityEvent(f"before-{case.name}", "merge", one, other, None, "test"))
    apply_identity(case.connection, Reconciler(case.connection, forecasters()))
    case.tell("unmerge", one, {})
    return case.took_effect(f"unmerge-{case.name}")


def move(case: Case) -> Holds:
    """A scan was another patient's."""
    one, other = case.patient("one"), case.patient("other")
    case.tell("move", one, {"scan_uid": f"{one}/a", "to": other})
    return case.took_effect(f"move-{case.name}")


def timepoint_bell(case: Case) -> Holds:
    """A visit that waits, and its bell."""
    visit = lung(case.name, "a", 0, 30)
    accept(case.connection, visit)
    case.publish("timepoints", {"scan_uid": visit.scan_uid, "revision": 1})
    return case.in_ledger("scan", visit.scan_uid)


def patient_bell(case: Case) -> Holds:
    """A treatment that is a row already, and a bell without a fact."""
    patient = case.patient("rung")
    accept(case.connection, drug(patient, "docetaxel", 10))
    case.tell("bell", patient)
    return case.treated(patient)


def no_bell(case: Case) -> Holds:
    """A visit and a treatment from long ago whose bells were lost: the sweep finds them."""
    visit = lung(case.name, "a", 0, 30)
    with case.connection.transaction():
        accept_visits(case.connection, [visit], LONG_AGO)
        accept_treatments(case.connection, [drug(case.name, "docetaxel", 10)], LONG_AGO)
    return lambda: (
        case.count(
            "SELECT count(*) FROM core.folds f JOIN core.ledger g USING (fold_id) WHERE f.patient_id = %s", case.name
        )
        == 2
    )


def old_revision(case: Case) -> Holds:
    """A provisional revision from long ago becomes final."""
    append(case.connection, schema.scans, [{"scan_uid": case.name, "received_as": case.name}])
    append(
        case.connection,
        schema.revisions,
        [
            {
                "scan_uid": case.name,
                "revision": 1,
                "acquired_at": LONG_AGO,
                "instances_sha256": "",
                "completeness": "quiet",
                "accepted_at": LONG_AGO,
                "final_at": None,
            }
        ],
    )
    query = "SELECT count(*) FROM core.revisions WHERE scan_uid = %s AND final_at IS NOT NULL"
    return lambda: case.count(query, case.name) == 1


def unreadable(case: Case) -> Holds:
    """A message on each topic that no version ever wrote; what comes behind it counts."""
    query = "SELECT count(*) FROM core.set_asides WHERE reason_code = 'decode_failed'"
    before = case.count(query)
    for topic in ("instances", "scans", "timepoints", "patient-events"):
        case.publish(topic, {"about": f"{case.name} on {topic}"})
    behind = timepoint_bell(case)
    return lambda: case.count(query) == before + 4 and behind()


def _images_and_seg(case: Case) -> Sequence[Dataset]:
    """Four slices, of which a segmentation marks a lesion."""
    mask = np.zeros((4, 16, 16), bool)
    mask[1:3, 4:9, 4:9] = True
    images = make_series(np.zeros((4, 16, 16)), PatientID=case.name, Modality="CT", BodyPartExamined="LUNG")
    return [*images, make_seg([mask], images)]


def leftover(case: Case) -> Holds:
    """Files as a crash leaves them in the spool: without a name yet, so that nobody was told success."""
    spool = case.crashing.settings.spool
    spool.mkdir(parents=True)
    files = [spool / f".writing-{number:016x}" for number in range(3)]
    for file in files:
        file.write_bytes(b"cut short")
    return lambda: not any(file.exists() for file in files)


def died_with(case: Case) -> Holds:
    """Notes of two workers that died, one with two timelines in hand, one with one of them: both get folded."""
    one, other = (_waiting(case, name) for name in ("one", "other"))
    _notes(case, [one, other], [one])
    folded = "SELECT count(*) FROM core.ledger WHERE kind = 'scan' AND id = ANY(%s)"
    return lambda: (
        case.count(folded, [f"{one}/a", f"{other}/a"]) == 2 and not case.count("SELECT count(*) FROM core.suspects")
    )


def killed_twice(case: Case) -> Holds:
    """Two timelines that killed workers twice each, and their third deaths: both scans are set aside."""
    one, other = (_waiting(case, name) for name in ("one", "other"))
    _notes(case, [one], [other])
    for patient in (one, other):
        query = "INSERT INTO core.suspects VALUES ('timeline', %s, 0, 2, now())"
        case.connection.execute(query, [patient])
    query = """SELECT count(*) FROM core.set_asides i JOIN core.assembly w USING (scan_uid, revision)
    WHERE i.reason_code = 'killed_worker' AND w.status = 'set_aside'"""
    return lambda: case.count(query) == 2 and not case.count("SELECT count(*) FROM core.suspects")


def _waiting(case: Case, name: str) -> str:
    """A patient with a visit that nobody has folded and that the sweep will find; its pseudonym."""
    patient = f"{case.name}-{name}"
    with case.connection.transaction():
        accept_visits(case.connection, [lung(patient, "a", 0, 30)], LONG_AGO)
    return patient


def _notes(case: Case, *hands: Sequence[str]) -> None:
    """What dead workers had in hand."""
    folder = case.crashing.settings.run / "hands"
    folder.mkdir()
    for number, timelines in enumerate(hands):
        note = json.dumps([["timeline", patient, 0] for patient in timelines])
        (folder / f"{number}.json").write_text(note + "\n")
