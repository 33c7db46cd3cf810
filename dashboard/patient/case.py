"""All that is known of one patient, as the views give it at one moment, and the days it happened on."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard.patient_chart import PatientChart
from dashboard.queries import ViewReader
from stream.storage.reading import patient_page
from stream.vocabulary import RECIST


@dataclass(frozen=True)
class PatientCase:
    """The tables of the page by the names of their views' columns; `now`: the moment that is looked at.

    `past`: that moment lies behind us, and what came later is left out. `died_at`: somewhere in the day of death.
    """

    patient: str
    verdicts: pd.DataFrame
    questions: pd.DataFrame
    visits: pd.DataFrame
    lesions: pd.DataFrame
    values: pd.DataFrame
    history: pd.DataFrame
    current: pd.DataFrame
    sizes: pd.DataFrame
    responses: pd.DataFrame
    treatments: pd.DataFrame
    scans: pd.DataFrame
    unused: pd.DataFrame
    waiting: pd.DataFrame
    key_slices: pd.DataFrame
    presence: pd.DataFrame
    growth: pd.DataFrame
    encoded: pd.DataFrame
    facts: pd.DataFrame
    explained: pd.DataFrame
    cards: pd.DataFrame
    zone: ZoneInfo
    now: pd.Timestamp
    past: bool
    died_at: pd.Timestamp | None = None

    @classmethod
    def read(cls, source: ViewReader, patient: str, zone: ZoneInfo, day: dt.date | None = None) -> "PatientCase":
        """What is known now, or what was known at the end of `day` in `zone`."""
        moment = None if day is None else pd.Timestamp(day, tz=zone) + pd.Timedelta(days=1, microseconds=-1)
        past = moment is not None and moment < source.now
        tables = source.of_patient(patient, moment if past else None)
        died = None if past else source.read(patient_page.DIED, patient=patient).died_at[0]
        now = moment if past else source.now
        return cls(patient, **tables, zone=zone, now=now, past=past, died_at=None if pd.isna(died) else died)

    @property
    def is_known(self) -> bool:
        """Whether a scan or a forecast of this pseudonym is known."""
        return not (self.scans.empty and self.history.empty)

    @cached_property
    def chart(self) -> PatientChart:
        """The same, ready to be drawn."""
        return PatientChart(
            self.scans,
            self.visits,
            self.values,
            self.sizes if self.died_at is None else self.sizes.iloc[:0],
            self.responses if self.died_at is None else self.responses.iloc[:0],
            self.treatments,
            self.zone,
            self.now,
        )

    @property
    def line(self) -> int:
        """The line of therapy that is going on, from 1."""
        return int(max(1, self.questions.line.max() if len(self.questions) else 1))

    @cached_property
    def by_recist(self) -> pd.DataFrame:
        """Verdicts and baselines by the criterion that always stands, by line and day."""
        return self.verdicts[self.verdicts.criterion == RECIST].sort_values(["line", "acquired_at"], kind="stable")

    @cached_property
    def judged(self) -> pd.DataFrame:
        """The verdicts of these, by day."""
        rows = self.by_recist
        return rows[rows.category.notna()].sort_values("acquired_at", kind="stable")

    @cached_property
    def closed(self) -> pd.DataFrame:
        """The questions of the current line that are not open, progression first; an unknown disease is told apart."""
        rows = self.questions[self.questions.line == self.line]
        rows = rows[~rows.status.isin(["open", "disease_unknown"])]
        return rows.iloc[(rows.endpoint != "progression").argsort(kind="stable")]

    @property
    def last_visit(self) -> pd.Series | None:
        """The row of the latest visit; None where no scan stands."""
        return None if self.visits.empty else self.visits.iloc[-1]

    def day(self, at: pd.Timestamp) -> dt.date:
        """The calendar day of a scan in its own zone, of anything else in the service's."""
        return self.chart.day(at)

    @cached_property
    def labels(self) -> dict[str, str]:
        """A name for each lesion: the latest label of a report; those that share one get the end of their pseudonym."""
        names: dict[str, str] = {}
        for lesion, label, organ in zip(
            self.lesions.lesion_id, self.lesions.lesion_label, self.lesions.organ, strict=True
        ):
            names.pop(lesion, None)  # in the order in which they were last seen
            names[lesion] = next((word for word in (label, organ) if pd.notna(word)), "Lesion")
        times = Counter(names.values())
        return {
            lesion: f"{name} \N{HORIZONTAL ELLIPSIS}{lesion[-4:]}" if times[name] > 1 else name
            for lesion, name in names.items()
        }

    @cached_property
    def ended(self) -> dict[tuple[str, int], dt.datetime]:
        """By endpoint and line when a question was closed: the event, else the baseline of the next line."""
        rows = self.questions
        begun: dict[int, pd.Timestamp] = {}
        for line, at in zip(rows.line, rows.baseline_at, strict=True):
            if pd.notna(at):
                begun[line] = min(at, begun.get(line, at))
        found = {}
        for endpoint, line, status, since in zip(rows.endpoint, rows.line, rows.status, rows.since, strict=True):
            at = self.chart.clock(since if pd.notna(since) else begun.get(line + 1))
            if status != "open" and at is not None:
                found[endpoint, int(line)] = at
        return found
