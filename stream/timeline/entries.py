"""What is known of one timeline: its entries as the facts tell them, and the rows that stand for them so far."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from models.features import MEASUREMENTS, whole
from models.timepoint import TreatmentInForce
from stream.timeline.digest import digest

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Content:
    """What a scan's features of one feature version are: `x` with None where missing."""

    sha256: str
    disease: str
    x: tuple[float | None, ...]

    @cached_property
    def array(self) -> np.ndarray:
        """`x` as float64 (F,) in the order of FEATURE_NAMES, NaN where missing."""
        return whole(self.x)


@dataclass(frozen=True)
class ScanEntry:
    """A scan revision as it stands on the timeline; `contents` by feature version."""

    id: str
    revision: int
    at: dt.datetime
    contents: Mapping[str, Content]
    kind = "scan"

    def seen_by(self, feature_version: str) -> Content:
        """The features of a version, of a scan without them (no image) what was measured."""
        return self.contents.get(feature_version) or self.contents[MEASUREMENTS]


@dataclass(frozen=True)
class TreatmentEntry:
    """A treatment as it stands on the timeline: it takes no step, but is input of the steps after it."""

    id: str
    revision: int
    at: dt.datetime
    name: str
    treatment_kind: str
    start_at: dt.datetime
    end_at: dt.datetime | None
    kind = "treatment"

    def content(self) -> str:
        """H(name, kind, start, end, withdrawn) of PROTOCOL 1; withdrawn ones do not stand at all."""
        return digest(self.name, self.treatment_kind, self.start_at, self.end_at, False).hex()

    def in_force(self, at: dt.datetime) -> TreatmentInForce:
        """As a scan at `at` sees it: the end is known only from its day on."""
        ended = self.end_at is not None and self.end_at <= at
        since_end = (at - self.end_at) / DAY if ended else None
        return TreatmentInForce(self.name, self.treatment_kind, (at - self.start_at) / DAY, since_end)


Entry = ScanEntry | TreatmentEntry


@dataclass(frozen=True)
class Placement:
    """A standing placement row."""

    kind: str
    id: str
    revision: int
    at: dt.datetime
    fold_id: int
    row_sha256: bytes


@dataclass(frozen=True)
class StandingState:
    """A standing state row without its bytes."""

    weights_version: str
    scan_uid: str
    position: int
    digest: bytes
    disease: str
    fold_id: int
    row_sha256: bytes


@dataclass(frozen=True)
class Timeline:
    """All that stands for one patient: the facts, and what folds derived from them so far."""

    patient_id: str
    version: int
    fold_digest: bytes
    clinical: tuple[tuple[str, int, Mapping[str, Any]], ...]  # received_as, revision, facts; sorted
    entries: tuple[Entry, ...]
    taken_down: Mapping[str, str]  # scan_uid → rejected or retracted, where a rejection stands
    unseen: tuple[tuple[str, str, int], ...]  # kind, id, revision not yet in the ledger
    placements: tuple[Placement, ...]
    states: tuple[StandingState, ...]

    def clinical_facts(self) -> dict[str, Any]:
        """All clinical facts as one mapping; of several records merged into one, the timeline's own come last."""
        own_last = sorted(self.clinical, key=lambda row: (row[0] == self.patient_id, row[0]))
        return {key: value for _, _, facts in own_last for key, value in facts.items()}


def ordered(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """In the order of the timeline: by time, scans before treatments, by id."""
    return tuple(sorted(entries, key=lambda entry: (entry.at, entry.kind == "treatment", entry.id)))
