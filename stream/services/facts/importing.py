"""From tables that people keep to facts: treatments, clinical facts, outcomes, visits.

Nothing is written here: a table that cannot be used is refused as a whole before its first fact counts.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from models.criteria.finding import LesionFinding, NamedBy
from models.measurement import Measurement
from models.tables.csv_table import Row, UnusableTable, date, read_table
from models.tables.lesion_rows import findings_of
from models.tables.patient_tables import (
    CLINICAL,
    DISEASE_OF_TRIAL,
    TABLES,
    PatientRows,
    WrittenDay,
    by_patient,
    check_tables,
    criteria_of,
    image_features_of,
    is_withdrawn,
    line_of,
    measurements_of,
    outcome_of,
)
from stream.measured_scan import MeasuredScan
from stream.personal_names import holds_name
from stream.services.accepting.set_asides import item_id
from stream.services.facts.clinical import CODED, ImportedVisit, Outcome, Treatment
from stream.services.facts.imported_patient import Aside, ImportedPatient
from stream.services.facts.named_person import NamedPerson
from stream.services.facts.table_columns import IDENTIFYING, READ
from stream.vocabulary import NO_DAY, ReasonCode

ENROLMENT = ("trial", "arm")
"""Clinical facts that tables of measurements may have too."""
MAX_LABEL = 64
_UID = re.compile(r"\d+(\.\d+){3,}")


class Names(Protocol):
    """Makes pseudonyms from the originals."""

    def patient_id(self, issuer: str, mrn: str) -> str: ...

    def import_uid(self, patient_id: str, date: dt.date) -> str: ...

    def lesion_uid(self, tracking_uid: str) -> str: ...

    def lesion_uid_without_tracking(self, patient_id: str, tracking_identifier: str) -> str: ...


@dataclass(frozen=True)
class Importer:
    """What the tables do not say: who issued the patients' IDs, where days begin, which disease to assume, today.

    `baseline`: from when days count of patients of whom the tables do not say it; `keep`: columns of clinical.csv that
    are clinical facts too.
    """

    names: Names
    issuer: str
    zone: ZoneInfo
    assume_disease: str
    today: dt.date
    baseline: dt.date | None = None
    keep: frozenset[str] = frozenset()

    def read(self, folder: Path) -> list[ImportedPatient]:
        """What the tables in `folder` say, by patient; UnusableTable names file, line and column of the first fault."""
        if not any((folder / name).is_file() for name in TABLES):
            raise UnusableTable(f"{folder} holds none of {', '.join(TABLES)}.")
        tables = {name: read_table(folder / name) for name in TABLES}
        check_tables(folder, tables)
        return [_PatientImport(self, rows).patient() for rows in by_patient(tables)]


class _PatientImport:
    """The rows of one patient on their way to facts."""

    def __init__(self, importer: Importer, rows: PatientRows) -> None:
        self._importer = importer
        self._rows = rows
        self._mrn = rows.patient_id
        self._name = rows.clinical.first("name", "patient_name")
        self._id = importer.names.patient_id(importer.issuer, self._mrn)
        self._baseline = rows.baseline_date() or importer.baseline
        self._birth = date(rows.clinical, "birth_date") or date(rows.clinical, "date_of_birth")
        self._person = NamedPerson(self._mrn, self._name, self._birth)
        self._asides: dict[str, Aside] = {}

    def patient(self) -> ImportedPatient:
        """The facts, and what had to be set aside."""
        return ImportedPatient(
            patient_id=self._id,
            issuer=self._importer.issuer,
            mrn=self._mrn,
            name=self._name,
            birth_date=self._birth,
            clinical=self._clinical(),
            treatments=tuple(self._treatments()),
            outcomes=tuple(self._outcomes()),
            visits=tuple(self._visits()),
            asides=tuple(self._asides.values()),
        )

    def _clinical(self) -> dict[str, str]:
        """The cells of clinical.csv that are clinical facts; trial and arm else of the visits."""
        clinical = self._rows.clinical
        criteria_of(clinical)
        # of rows that have a day: the others change nothing
        placed = [row for row in self._rows.measurements if WrittenDay(row).date_from(self._baseline)]
        enrolment = {name: self._free(row, name) for name in ENROLMENT for row in reversed(placed) if row.first(name)}
        facts = (READ[CLINICAL] | self._importer.keep) - IDENTIFYING
        known = [name for name in clinical if name in facts and clinical.first(name)]
        return enrolment | {name: clinical[name] if name in CODED else self._free(clinical, name) for name in known}

    def _free(self, row: Row, column: str) -> str:
        """What somebody typed there, "" where it is missing; UnusableTable where it tells who the patient is."""
        self._person.refuse(row, column)
        return row.first(column) or ""

    def _treatments(self) -> Iterator[Treatment]:
        for row in self._rows.treatments:
            starts, ends = WrittenDay(row, "start_"), WrittenDay(row, "end_")
            start, end = starts.date_from(self._baseline), ends.date_from(self._baseline)
            if start is None:
                self._set_aside(ReasonCode.NO_DATE, "A treatment", starts)
            elif self._cannot_be(start):
                self._set_aside(ReasonCode.IMPOSSIBLE_DATE, "A treatment", starts, start)
            elif end and end < start:
                raise UnusableTable(f"{row.where}: end_{ends.column} lies before the start.")
            else:
                end_at = self._midnight(end) if end else None
                name, kind = self._free(row, "name"), self._free(row, "kind")
                withdrawn, line = is_withdrawn(row), line_of(row)
                yield Treatment(self._id, name, kind, self._midnight(start), end_at, withdrawn=withdrawn, line=line)

    def _outcomes(self) -> Iterator[Outcome]:
        """What is not known yet says nothing."""
        for row in self._rows.outcomes:
            cells, withdrawn = outcome_of(row), is_withdrawn(row)
            on = cells.at.date_from(self._baseline)
            if on and self._cannot_be(on):
                self._set_aside(ReasonCode.IMPOSSIBLE_DATE, "An outcome", cells.at, on)
            elif (withdrawn or cells.event is not None) and cells.endpoint:
                self._person.refuse(row, "endpoint")
                at = self._midnight(on) if on else None
                yield Outcome(self._id, cells.endpoint.lower(), at, bool(cells.event), withdrawn)

    def _visits(self) -> Iterator[ImportedVisit]:
        """Rows of one day are one visit; without a day, or on one that cannot be, it is set aside."""
        by_day: dict[dt.date, list[Row]] = defaultdict(list)
        measurements: dict[dt.date, list[Measurement]] = defaultdict(list)
        for row in self._rows.measurements:
            written = WrittenDay(row)
            on, measured = written.date_from(self._baseline), measurements_of(row)
            if on is None:
                self._set_aside(ReasonCode.NO_DATE, "A visit", written)
            elif self._cannot_be(on):
                self._set_aside(ReasonCode.IMPOSSIBLE_DATE, "A visit", written, on)
            else:
                by_day[on].append(row)
                measurements[on] += map(self._named, measured)
        for on in sorted(by_day):
            yield self._visit(on, by_day[on], measurements[on])

    def _cannot_be(self, on: dt.date) -> bool:
        """Whether nobody can have seen it: in the future, before the birth, or before anybody who lives was born."""
        return on <= NO_DAY or on > self._importer.today or (self._birth is not None and on < self._birth)

    def _visit(self, on: dt.date, rows: Sequence[Row], measurements: list[Measurement]) -> ImportedVisit:
        measurements.sort(key=lambda each: (each.lesion_uid or "", each.measurement, each.value))
        scan_uid = self._importer.names.import_uid(self._id, on)
        disease = self._disease(rows, measurements)
        findings = tuple(self._found(finding) for finding in findings_of(rows))
        measured = MeasuredScan(tuple(measurements), None, None, _embedding(rows), findings=findings)
        return ImportedVisit(scan_uid, self._id, self._midnight(on), disease, measured)

    def _disease(self, rows: Sequence[Row], measurements: Iterable[Measurement]) -> str:
        """As the visit itself tells it: clinical facts join when it is folded, whenever they come."""
        stated = self._free(rows[0], "disease")
        sites = {each.body_site for each in measurements if each.body_site and not each.node}
        site = sites.pop() if len(sites) == 1 else None
        trial = DISEASE_OF_TRIAL.get(rows[0].first("trial") or "")
        return (stated or trial or site or self._importer.assume_disease or "unknown").lower()

    def _named(self, measurement: Measurement) -> Measurement:
        """The measurement with its lesion by pseudonym."""
        site, lesion = self._site(measurement.body_site), measurement.lesion_uid
        if lesion is None:
            return replace(measurement, body_site=site)
        uid, shown = self._lesion(lesion)
        return replace(measurement, lesion_uid=uid, body_site=site, lesion_label=shown)

    def _found(self, finding: LesionFinding) -> LesionFinding:
        """The finding with its lesion by pseudonym."""
        uid, shown = self._lesion(finding.lesion_uid)
        named_by = None if _UID.fullmatch(finding.lesion_uid) else (finding.named_by or NamedBy.LABEL)
        return replace(finding, lesion_uid=uid, label=shown, organ=self._site(finding.organ), named_by=named_by)

    def _site(self, place: str | None) -> str | None:
        return None if place is None or self._person.has_id_in(place) else place.lower()

    def _lesion(self, label: str) -> tuple[str, str]:
        """Pseudonym and label of a lesion; labels that are UIDs or name the patient stay outside."""
        names = self._importer.names
        tracked = _UID.fullmatch(label)
        uid = names.lesion_uid(label) if tracked else names.lesion_uid_without_tracking(self._id, label)
        hidden = _UID.search(label) or self._person.has_id_in(label) or holds_name(label, [self._name or ""])
        return uid, f"lesion-{uid[-6:]}" if hidden else label[:MAX_LABEL]

    def _midnight(self, on: dt.date) -> dt.datetime:
        return dt.datetime(on.year, on.month, on.day, tzinfo=self._importer.zone)

    def _set_aside(self, code: ReasonCode, what: str, written: WrittenDay, on: dt.date | None = None) -> None:
        """One item for each day as it is written: the same tables again set the same items aside. `on`: the date."""
        text, prefix = written.text, written.prefix
        at = f"{what} of {self._id} on {written.column} {text}" if text else f"{what} of {self._id}"
        if on:
            # a birth is of the vault: that a day lies before it is not told apart
            where = "in the future" if on > self._importer.today else f"before the birth, or not after {NO_DAY}"
            why = f"lies {where}" if text == on.isoformat() else f"is {on}, which lies {where}"
        elif text:
            why = "has no date: clinical.csv gives neither baseline_date nor treatment_start"
        else:
            why = f"has neither {prefix}date nor {prefix}day"
        item = item_id("import", self._id, what, text or "", written.row.first("name") or "")
        self._asides[item] = Aside(item, code, f"{at} {why}.")


def _embedding(rows: Sequence[Row]) -> tuple[float | None, ...]:
    """The image features that the rows of a visit give; empty where they give none."""
    values = image_features_of(rows)
    return () if np.isnan(values).all() else tuple(None if np.isnan(value) else float(value) for value in values)
