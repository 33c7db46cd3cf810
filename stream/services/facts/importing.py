"""From tables that people keep (INTERFACES 2 and 6) to facts: treatments, clinical facts, outcomes, visits.

Nothing is written here: a table that cannot be used is refused as a whole before its first fact counts.
"""

import datetime as dt
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from models.measurement import Measurement
from models.tables.csv_table import Row, UnusableTable, date, flag, number, read_table
from models.tables.records import DISEASE_OF_TRIAL, check_measurements, image_features_of, measurements_of
from stream.services.accepting.set_asides import item_id
from stream.services.facts.clinical import Outcome, Treatment, Visit
from stream.services.measuring.measurement import Measured

TABLES = ("clinical.csv", "treatments.csv", "outcomes.csv", "measurements.csv")
IDENTIFYING = frozenset({"patient_id", "mrn", "name", "patient_name", "birth_date", "date_of_birth"})
"""Columns of clinical.csv that say who somebody is: they go to the vault or nowhere."""
EARLIEST_YEAR = 1900
MAX_LABEL = 64
TELLING = 3  # shorter IDs occur in any word
_UID = re.compile(r"\d+(\.\d+){3,}")


class Names(Protocol):
    """Makes the ids of INTERFACES 4 from the originals."""

    def patient_id(self, issuer: str, mrn: str) -> str: ...

    def import_uid(self, patient_id: str, date: dt.date) -> str: ...

    def lesion_uid(self, tracking_uid: str) -> str: ...

    def lesion_uid_without_tracking(self, patient_id: str, tracking_identifier: str) -> str: ...


@dataclass(frozen=True)
class Aside:
    """A line that cannot be placed; the reason names the patient by pseudonym only."""

    item_id: str
    reason_code: str
    reason: str


@dataclass(frozen=True)
class Known:
    """All that the tables say of one patient; `clinical` is empty where they say nothing."""

    patient_id: str
    issuer: str
    mrn: str
    name: str | None
    birth_date: dt.date | None
    clinical: Mapping[str, str]
    treatments: tuple[Treatment, ...]
    outcomes: tuple[Outcome, ...]
    visits: tuple[Visit, ...]
    asides: tuple[Aside, ...]


@dataclass(frozen=True)
class Importer:
    """What the tables do not say: who issued the patients' IDs, where days begin, which disease to assume, the day."""

    names: Names
    issuer: str
    zone: ZoneInfo
    assume_disease: str
    today: dt.date

    def read(self, folder: Path) -> list[Known]:
        """What the tables in `folder` say, by patient; UnusableTable names file, line and column of the first fault."""
        if not any((folder / name).is_file() for name in TABLES):
            raise UnusableTable(f"{folder} holds none of {', '.join(TABLES)}.")
        tables = {name: _by_patient(read_table(folder / name)) for name in TABLES}
        _check(folder, tables)
        patients = sorted({mrn for rows in tables.values() for mrn in rows})
        return [_Patient(self, mrn, *(tables[name].get(mrn, []) for name in TABLES)).known() for mrn in patients]


class _Patient:
    """The rows of one patient."""

    def __init__(
        self, importer: Importer, mrn: str, clinical: Sequence[Row], treatments: Sequence[Row],
        outcomes: Sequence[Row], measurements: Sequence[Row],
    ) -> None:  # fmt: skip
        self._importer = importer
        self._mrn = mrn
        self._id = importer.names.patient_id(importer.issuer, mrn)
        self._clinical = clinical[-1] if clinical else Row()
        self._origin = date(self._clinical, "baseline_date") or date(self._clinical, "treatment_start")
        self._tables = treatments, outcomes, measurements
        self._asides: dict[str, Aside] = {}

    def known(self) -> Known:
        """The facts, and what had to be set aside."""
        treatments, outcomes, measurements = self._tables
        facts = {name: self._clinical.first(name) for name in self._clinical if name not in IDENTIFYING}
        if facts.get("disease"):
            facts["disease"] = facts["disease"].lower()
        return Known(
            self._id, self._importer.issuer, self._mrn,
            self._clinical.first("name", "patient_name"),
            date(self._clinical, "birth_date") or date(self._clinical, "date_of_birth"),
            {name: value for name, value in facts.items() if value is not None},
            tuple(self._treatments(treatments)), tuple(self._outcomes(outcomes)), tuple(self._visits(measurements)),
            tuple(self._asides.values()),
        )  # fmt: skip

    def _treatments(self, rows: Sequence[Row]) -> Iterator[Treatment]:
        for row in rows:
            start, end = self._day(row, "start_"), self._day(row, "end_")
            if start is None:
                self._set_aside("no_date", "A treatment", row, "start_")
            elif end and end < start:
                raise UnusableTable(f"{row.where}: end_{_column(row, 'end_')} lies before the start.")
            else:
                end_at = self._midnight(end) if end else None
                name, kind = row.first("name") or "", row.first("kind") or ""
                yield Treatment(self._id, name, kind, self._midnight(start), end_at)

    def _outcomes(self, rows: Sequence[Row]) -> Iterator[Outcome]:
        """Rows by endpoint, or pCR told at surgery as in I-SPY2; what is not known yet says nothing."""
        for row in rows:
            pcr = "pcr" in row
            event, on = flag(row, "pcr" if pcr else "event"), self._day(row, "surgery_" if pcr else "")
            endpoint = "pcr" if pcr else row.first("endpoint")
            if event is not None and endpoint:
                yield Outcome(self._id, endpoint.lower(), self._midnight(on) if on else None, event)

    def _visits(self, rows: Sequence[Row]) -> Iterator[Visit]:
        """Rows of one day are one visit; without a day, or on one that cannot be, it is set aside."""
        by_day: dict[dt.date, list[Row]] = defaultdict(list)
        found: dict[dt.date, list[Measurement]] = defaultdict(list)
        for row in rows:
            on, measured = self._day(row, ""), measurements_of(row)
            if on is None:
                self._set_aside("no_date", "A visit", row, "")
            elif on.year < EARLIEST_YEAR or on > self._importer.today:
                self._set_aside("impossible_date", "A visit", row, "")
            else:
                by_day[on].append(row)
                found[on] += map(self._named, measured)
        for on in sorted(by_day):
            yield self._visit(on, by_day[on], found[on])

    def _visit(self, on: dt.date, rows: Sequence[Row], found: list[Measurement]) -> Visit:
        found.sort(key=lambda one: (one.lesion_uid or "", one.measurement, one.value))
        scan_uid = self._importer.names.import_uid(self._id, on)
        disease = self._disease(rows, found)
        measured = Measured(tuple(found), None, None, _embedding(rows))
        return Visit(scan_uid, self._id, self._midnight(on), disease, measured)

    def _disease(self, rows: Sequence[Row], found: Iterable[Measurement]) -> str:
        stated = self._clinical.first("disease") or rows[0].first("disease")
        sites = {one.body_site for one in found if one.body_site and not one.node}
        site = sites.pop() if len(sites) == 1 else None
        trial = DISEASE_OF_TRIAL.get(rows[0].first("trial") or "")
        return (stated or trial or site or self._importer.assume_disease or "unknown").lower()

    def _named(self, one: Measurement) -> Measurement:
        """The measurement with its lesion by pseudonym; labels that are UIDs or name the patient stay outside."""
        site = None if one.body_site is None or self._tells_who(one.body_site) else one.body_site.lower()
        if one.lesion_uid is None:
            return replace(one, body_site=site)
        label, names = one.lesion_uid, self._importer.names
        tracked = _UID.fullmatch(label)
        uid = names.lesion_uid(label) if tracked else names.lesion_uid_without_tracking(self._id, label)
        hidden = _UID.search(label) or self._tells_who(label)
        return replace(one, lesion_uid=uid, body_site=site,
                       lesion_label=f"lesion-{uid[-6:]}" if hidden else label[:MAX_LABEL])  # fmt: skip

    def _tells_who(self, text: str) -> bool:
        return len(self._mrn) >= TELLING and self._mrn.casefold() in text.casefold()

    def _day(self, row: Row, prefix: str) -> dt.date | None:
        """The row's own date, else its day counted from the patient's origin; None where neither can be had."""
        on, days = date(row, f"{prefix}date"), number(row, f"{prefix}day")
        if on or days is None or self._origin is None:
            return on
        try:
            return self._origin + dt.timedelta(days=math.floor(days))
        except OverflowError:
            raise UnusableTable(f"{row.where}: {days:g} is no possible value of {prefix}day.") from None

    def _midnight(self, on: dt.date) -> dt.datetime:
        return dt.datetime(on.year, on.month, on.day, tzinfo=self._importer.zone)

    def _set_aside(self, code: str, what: str, row: Row, prefix: str) -> None:
        """One item for each day as it is written: the same tables again set the same items aside."""
        written = row.first(f"{prefix}date", f"{prefix}day")
        at = f"{what} of {self._id} on {_column(row, prefix)} {written}" if written else f"{what} of {self._id}"
        why = {
            "impossible_date": "lies before 1900 or in the future",
            "no_date": "has no date: clinical.csv gives neither baseline_date nor treatment_start" if written
            else f"has neither {prefix}date nor {prefix}day",
        }  # fmt: skip
        item = item_id("import", self._id, what, written or "", row.first("name") or "")
        self._asides[item] = Aside(item, code, f"{at} {why[code]}.")


def _embedding(rows: Sequence[Row]) -> tuple[float | None, ...]:
    """The image features that the rows of a visit give; empty where they give none."""
    found = image_features_of(rows)
    return () if np.isnan(found).all() else tuple(None if np.isnan(value) else float(value) for value in found)


def _column(row: Row, prefix: str) -> str:
    return "date" if row.first(f"{prefix}date") else "day"


def _by_patient(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["patient_id"]].append(row)
    return grouped


NEEDED = {
    "treatments.csv": ({"start_date", "start_day"}, {"name"}),
    "outcomes.csv": ({"pcr", "event"}, {"pcr", "endpoint"}),
}
"""Of each of these sets a table must have one column."""


def _check(folder: Path, tables: Mapping[str, Mapping[str, Sequence[Row]]]) -> None:
    for name, sets in NEEDED.items():
        columns = {column for rows in tables[name].values() for column in rows[0]}
        for wanted in sets:
            if columns and not columns & wanted:
                raise UnusableTable(f"{folder / name} has no column {' or '.join(sorted(wanted))}.")
    if tables["measurements.csv"]:
        rows = [row for rows in tables["measurements.csv"].values() for row in rows]
        check_measurements(folder / "measurements.csv", rows)
