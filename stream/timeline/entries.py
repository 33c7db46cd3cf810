"""What is known of one timeline: its entries as the facts tell them, and the rows that stand for them so far."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple

import numpy as np

from models.criteria.finding import LesionFinding
from models.criteria.lines import LOGGED_BASELINE
from models.criteria.place import Registration
from models.features import MEASUREMENTS, whole
from models.timepoint import TreatmentInForce
from stream.timeline.digest import digest
from stream.timeline.lesion_links import LesionLinks
from stream.vocabulary import EntryKind, FactKind, RejectionKind

DAY = dt.timedelta(days=1)
RULES = 3
"""Of courses: counts on with whatever makes the same facts say something else, which is then told again."""
CLOSED_ARE_ASKED = 2
"""The rules from which on forecasts are made also of questions that were closed already, as they were before."""


@dataclass(frozen=True)
class ScanFeatures:
    """What a scan's features of one feature version are: `x` with None where missing.

    `disease`: as the scan itself tells it; a timeline's clinical facts go before it (`Timeline.disease_of`).
    """

    sha256: str
    disease: str
    x: tuple[float | None, ...]

    @cached_property
    def array(self) -> np.ndarray:
        """`x` as float64 (F,) in the order of FEATURE_NAMES, NaN where missing."""
        return whole(self.x)


@dataclass(frozen=True)
class ScanFindings:
    """What a scan says of lesions; `stated_sum_mm`: a sum of diameters stated without any, `time_point`: of a trial."""

    lesions: tuple[LesionFinding, ...] = ()
    stated_sum_mm: float | None = None
    time_point: str | None = None
    registrations: tuple[Registration, ...] = ()


@dataclass(frozen=True)
class ScanEntry:
    """A scan revision as it stands on the timeline: `day` in the scan's zone, `features` by feature version."""

    kind: ClassVar = EntryKind.SCAN
    id: str
    revision: int
    at: dt.datetime
    day: dt.date
    features: Mapping[str, ScanFeatures]
    findings: ScanFindings = ScanFindings()

    def features_for(self, feature_version: str) -> ScanFeatures:
        """The features of a version, of a scan without them (no image) what was measured."""
        return self.features.get(feature_version) or self.features[MEASUREMENTS]


@dataclass(frozen=True)
class TreatmentEntry:
    """A treatment as it stands on the timeline: it takes no step, but is input of the steps after it.

    `day` of its start in the service's zone; `line`: of therapy, where somebody says which.
    """

    kind: ClassVar = EntryKind.TREATMENT
    id: str
    revision: int
    at: dt.datetime
    name: str
    treatment_kind: str
    start_at: dt.datetime
    end_at: dt.datetime | None
    day: dt.date
    line: int | None = None

    @property
    def is_given(self) -> bool:
        """Whether a patient gets anything: a baseline that a person logged begins a line and is no treatment."""
        return self.treatment_kind != LOGGED_BASELINE

    def content(self) -> str:
        """H(name, kind, start, end, withdrawn) of docs/protocol.md 1; withdrawn ones do not stand at all."""
        return digest(self.name, self.treatment_kind, self.start_at, self.end_at, False).hex()

    def in_force(self, at: dt.datetime) -> TreatmentInForce:
        """As a scan at `at` sees it: the end is known only from its day on."""
        known_end = self.end_at if self.end_at is not None and self.end_at <= at else None
        since_end = None if known_end is None else (at - known_end) / DAY
        return TreatmentInForce(self.name, self.treatment_kind, (at - self.start_at) / DAY, since_end)


Entry = ScanEntry | TreatmentEntry


@dataclass(frozen=True)
class OutcomeFact:
    """An outcome that was entered: of which endpoint, when (None: not known) and whether it happened."""

    endpoint: str
    at: dt.datetime | None
    event: bool


class Placement(NamedTuple):
    """A standing placement row."""

    kind: EntryKind
    id: str
    revision: int
    at: dt.datetime
    fold_id: int
    row_sha256: bytes


class StateKey(NamedTuple):
    """What names a state; the forecasts that were written with it name it too."""

    fold_id: int
    weights_version: str
    scan_uid: str


class StandingState(NamedTuple):
    """A standing state row without its bytes; `disease`: as the scans of its visit tell it."""

    weights_version: str
    scan_uid: str
    position: int
    digest: bytes
    disease: str
    fold_id: int
    row_sha256: bytes

    @property
    def key(self) -> StateKey:
        """What names its row."""
        return StateKey(self.fold_id, self.weights_version, self.scan_uid)


class CourseRow(NamedTuple):
    """A row of the patient's course: its table, and the columns that do not name the fold."""

    table: str
    values: Mapping[str, Any]


RowKey = tuple[str, Any]
"""What names a standing row of a patient's course: its table, and what names it there."""


class StandingCourseRow(NamedTuple):
    """A standing row of the patient's course."""

    row: CourseRow
    fold_id: int
    row_sha256: bytes


class LedgerKey(NamedTuple):
    """A fact as the ledger names it; `id` as the column's comment says."""

    kind: FactKind
    id: str
    revision: int


class ClinicalRecord(NamedTuple):
    """The clinical facts that stand of one patient as received."""

    received_as: str
    revision: int
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Timeline:
    """All that stands for one patient: the facts, and what folds derived from them so far."""

    patient_id: str
    version: int
    fold_digest: bytes
    clinical: tuple[ClinicalRecord, ...]  # sorted
    entries: tuple[Entry, ...]
    taken_down: Mapping[str, RejectionKind]  # by scan_uid, where a rejection stands
    unseen: tuple[LedgerKey, ...]  # not yet in the ledger
    placements: tuple[Placement, ...]  # in the order of the timeline
    states: tuple[StandingState, ...]  # those of one weights version in the order of the timeline
    course: Mapping[RowKey, StandingCourseRow] = field(default_factory=dict)
    outcomes: tuple[OutcomeFact, ...] = ()
    links: LesionLinks = LesionLinks()
    visit_window_days: int = 0
    criteria: str = ""  # of the service, where no import names any
    zone: str = ""  # in which days are counted where nobody states another
    scans_seen: int = 0  # revisions that count and that the fold which made `version` had seen
    folded: "Folded | None" = field(default=None, compare=False)  # known where this worker made `version`

    def clinical_facts(self) -> dict[str, Any]:
        """All clinical facts as one mapping; of several records merged into one, the timeline's own come last."""
        own_last = sorted(self.clinical, key=lambda record: (record.received_as == self.patient_id, record.received_as))
        return {key: value for record in own_last for key, value in record.facts.items()}

    def disease_of(self, scans_own: str) -> str:
        """The disease that the clinical facts say, else what the scan itself tells: never what was known first."""
        return self._told_disease or scans_own

    @cached_property
    def _told_disease(self) -> str | None:
        told = self.clinical_facts().get("disease")
        return told if isinstance(told, str) else None


class Folded(NamedTuple):
    """What a fold found, as the very objects it worked with: what is the same object needs no look inside.

    `entries`: those that all placements stand for. `rows`: those that all rows of the course stand for.
    """

    entries: tuple[Entry, ...]
    rows: Mapping[RowKey, CourseRow]


def ordered(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """In the order of the timeline: by time, scans before treatments, by id."""
    return tuple(sorted(entries, key=place))


place: Callable[[Entry | Placement], tuple[dt.datetime, EntryKind, str]] = attrgetter("at", "kind", "id")
"""What an entry, or the row that stands for it, is sorted by: `scan` comes before `treatment`."""
