"""One patient's rows made ready to be drawn: local dates, one series per lesion, words for every point."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from dashboard import charts, wording
from dashboard.words.responses import called
from stream.vocabulary import Status

DIAMETERS = "Diameters (mm)"
GROUPS = {
    DIAMETERS: ("sum_of_diameters", "longest_diameter", "short_axis"),
    "Volume (ml)": ("volume",),
    "Sphericity": ("sphericity",),
    "Background parenchymal enhancement (%)": ("background_parenchymal_enhancement",),
}
BEST = ("CR", "PR", "SD", "PD")
"""What may come of a line, best first."""
LEVEL_IN_WORDS = 0.8
"""The level of the interval that is given in words."""
ALL_LESIONS = "All lesions together"


@dataclass(frozen=True)
class PatientChart:
    """What stands of one patient, as the views give it; `statuses` are the rows of scan_status.

    What several scans of one visit say stands at the day of the visit. `sizes` and `responses` are those of the latest
    scan that has them.
    """

    statuses: pd.DataFrame
    visits: pd.DataFrame
    values: pd.DataFrame
    sizes: pd.DataFrame
    responses: pd.DataFrame
    treatments: pd.DataFrame
    zone: ZoneInfo
    now: pd.Timestamp

    def summary(self) -> str:
        """How many visits, from when to when, how long ago the last one."""
        dates = self._dates
        if dates.empty:
            return "No scan counts on this timeline yet."
        count = f"{len(dates)} visit{'' if len(dates) == 1 else 's'}"
        first, last = f"{dates.iloc[0]:%Y-%m-%d}", f"{dates.iloc[-1]:%Y-%m-%d}"
        ago = wording.age(self._visit_dates.max(), self.now)
        return (
            f"{count} on {first}, {ago}" if len(dates) == 1 else f"{count} from {first} to {last}, the last one {ago}"
        )

    @cached_property
    def span(self) -> charts.Span:
        """First and last date of all charts."""
        starts, ends = self.local(self.treatments.start_at), self.local(self.treatments.end_at.dropna())
        dates = pd.concat([self._dates, starts, ends[ends <= self._today]])
        return charts.span(dates, self._days(self.sizes), self._dates.max(), self._today)

    def measurement_groups(self) -> list[str]:
        """Titles, with unit, of what was measured at least once."""
        return [title for title, names in GROUPS.items() if self.values.measurement.isin(names).any()]

    def measured(self, group: str) -> pd.DataFrame:
        """Rows at, series, value, is_sum, words: a series at every visit since it was first seen, NaN where missing."""
        rows = self._values[self._values.measurement.isin(GROUPS[group])].copy()
        rows["at"], rows["series"] = self.local(rows.acquired_at), _series(rows)
        if rows.lesion_uid.nunique() == 1:  # the sum of one lesion would only hide it
            rows = rows[rows.measurement != "sum_of_diameters"]
        rows = rows.sort_values("series", kind="stable")
        table = rows.pivot_table(index="at", columns="series", values="value", aggfunc="last", sort=False)
        table = table.reindex(self._dates.unique())
        if group.startswith("Volume") and table.shape[1] > 1:
            table[ALL_LESIONS] = table.where(table.notna() | table.ffill().isna(), -float("inf")).sum(axis=1)
            table.loc[table[ALL_LESIONS] < 0, ALL_LESIONS] = float("nan")
        sums = {ALL_LESIONS, *rows.series[rows.measurement == "sum_of_diameters"]}
        unit = self._unit(group)
        return _long(table, sums, "" if unit == "1" else f" {unit}")

    def coming(self, group: str) -> pd.DataFrame:
        """Rows at, level, value, value_low, value_high, words of the sizes forecast, from the size of their scan on."""
        rows = self._sizes(group)
        sizes = self._values[self._values.lesion_uid.isna()]
        keys, days = zip(sizes.scan_uid, sizes.measurement, strict=True), self.local(sizes.acquired_at)
        known = dict(zip(keys, zip(days, sizes.value, strict=True), strict=True))
        levels = dict.fromkeys(zip(rows.scan_uid, rows.measurement, rows.level, strict=True))
        starts = [
            (at, level, value, value, value, None)
            for scan, measurement, level in levels
            for at, value in [known.get((scan, measurement), (None, None))]
            if at is not None
        ]
        words = {at: _all_intervals(at, day) for at, day in rows.groupby("at")}
        names = ["at", "level", "value", "value_low", "value_high"]
        ahead = [(*row, words[row[0]]) for row in rows[names].itertuples(index=False, name=None)]
        return pd.DataFrame([*starts, *ahead], columns=[*names, "words"])

    def coming_words(self, group: str) -> str | None:
        """The sizes forecast and who said it, in one sentence; None where there are none."""
        rows = self._sizes(group)
        rows = rows[rows.level == LEVEL_IN_WORDS]
        if rows.empty:
            return None
        days = [
            f"on {at:%Y-%m-%d} ({wording.ahead((at.normalize() - self._today).days)}) "
            f"{wording.size(value)} {self._unit(group)}, {wording.within(LEVEL_IN_WORDS, low, high)}"
            for at, value, low, high in zip(rows["at"], rows.value, rows.value_low, rows.value_high, strict=True)
        ]
        last = rows.iloc[-1]
        scan = f"{wording.MEASUREMENTS[last.measurement]} after the scan of {self.days_of(rows.acquired_at)[-1]}"
        return f"{scan}: {'; '.join(days)}. Said by {wording.said_by(last.model, last.weights_version)}."

    def response_words(self) -> list[str]:
        """The probabilities of the best response and who said them, a sentence for each criterion."""
        return [self._response_words(criterion, rows) for criterion, rows in self.responses.groupby("criterion")]

    def _response_words(self, criterion: str, rows: pd.DataFrame) -> str:
        probability = rows.set_index("category").probability
        day = self.days_of(rows.acquired_at)[0]
        possible = [name for name in BEST if probability[name] > 0]  # a better one reached rules others out
        shares = [f"{called(name)} {wording.percent(probability[name])}" for name in possible]
        source = wording.said_by(rows.model.iloc[0], rows.weights_version.iloc[0])
        start = f"Best response of the line by {criterion} up to the visit after that of {day}"
        return f"{start}: {', '.join(shares)}. Said by {source}."

    @cached_property
    def scans(self) -> pd.DataFrame:
        """Rows at, words of every visit on the timeline."""
        first = self._dates.iloc[0].normalize()
        words = [f"visit on {at:%Y-%m-%d}, day {(at.normalize() - first).days}" for at in self._dates]
        return pd.DataFrame({"at": self._dates, "words": words})

    def _sizes(self, group: str) -> pd.DataFrame:
        rows = self.sizes[self.sizes.measurement.isin(GROUPS[group])]
        return rows.assign(at=self._days(rows))

    def _days(self, sizes: pd.DataFrame) -> pd.Series:
        """The days that sizes are forecast for."""
        return self.local(sizes.acquired_at) + pd.to_timedelta(sizes.horizon_days, unit="D")

    def days_of(self, acquired_at: pd.Series) -> list[str]:
        """The calendar days of scans, each in its own zone."""
        return [wording.day(clock) for clock in self.local(acquired_at)]

    def _unit(self, group: str) -> str:
        return str(self.values[self.values.measurement.isin(GROUPS[group])].unit.iloc[0])

    @cached_property
    def _today(self) -> pd.Timestamp:
        return self.local(pd.Series([self.now]))[0].normalize()

    @cached_property
    def _visit_dates(self) -> pd.Series:
        """acquired_at of every visit whose scans stand, by date."""
        applied = self.statuses[self.statuses.status == Status.APPLIED]
        return self._at_visit(applied.scan_uid, applied.acquired_at).drop_duplicates().sort_values()

    @cached_property
    def _values(self) -> pd.DataFrame:
        return self.values.assign(acquired_at=self._at_visit(self.values.scan_uid, self.values.acquired_at))

    def _at_visit(self, scans: pd.Series, otherwise: pd.Series) -> pd.Series:
        """acquired_at of the visit that each scan belongs to."""
        visits = zip(self.visits.scans, self.visits.acquired_at, strict=True)
        of_scans = {scan: at for names, at in visits for scan in names}
        found = [of_scans.get(scan, at) for scan, at in zip(scans, otherwise, strict=True)]
        return pd.to_datetime(pd.Series(found, index=scans.index, dtype=object), utc=True)

    @cached_property
    def _dates(self) -> pd.Series:
        return self.local(self._visit_dates).reset_index(drop=True)

    def local(self, times: pd.Series) -> pd.Series:
        """Wall-clock times, of scans in their own zone, else in the service's: a browser must not shift a date."""
        clocks = np.array([self.clock(at) for at in times], dtype="datetime64[us]")
        return pd.Series(clocks, index=times.index)

    def clock(self, at: pd.Timestamp | None) -> dt.datetime | None:
        """The same of one moment; None without one."""
        return None if pd.isna(at) else self._clock(at)

    def day(self, at: pd.Timestamp) -> dt.date:
        """The calendar day of a moment by the same clocks."""
        return self._clock(at).date()

    def _clock(self, at: pd.Timestamp) -> dt.datetime:
        found: dt.datetime | None = self._clocks.get(at)
        return at.astimezone(self.zone).replace(tzinfo=None) if found is None else found

    @cached_property
    def _clocks(self) -> dict[pd.Timestamp, pd.Timestamp]:
        scans = pd.to_datetime(self.statuses.acquired_at, utc=True)
        return {at: clock for at, clock in zip(scans, self.statuses.acquired_local, strict=True) if pd.notna(at)}


def _series(rows: pd.DataFrame) -> list[str]:
    """A name per lesion and measurement; lesions that share a label are told apart by their pseudonym."""
    labels = rows.lesion_label.fillna(rows.body_site).fillna("Lesion")
    shared = labels.map(rows.groupby(labels).lesion_uid.nunique()) > 1
    names = []
    for label, uid, measurement, ambiguous in zip(labels, rows.lesion_uid, rows.measurement, shared, strict=True):
        if not uid:
            names.append(wording.MEASUREMENTS.get(measurement, measurement))
            continue
        name = f"{label} \N{HORIZONTAL ELLIPSIS}{uid[-4:]}" if ambiguous else label
        names.append(f"{name}, short axis" if measurement == "short_axis" else name)
    return names


def _all_intervals(at: pd.Timestamp, rows: pd.DataFrame) -> str:
    """The size forecast for one day with all its intervals."""
    of_levels = zip(rows.level, rows.value_low, rows.value_high, strict=True)
    intervals = [wording.within(level, low, high) for level, low, high in of_levels]
    return f"forecast for {at:%Y-%m-%d}: {wording.size(rows.value.iloc[0])}, " + ", ".join(intervals)


def _long(table: pd.DataFrame, sums: set[str], unit: str) -> pd.DataFrame:
    rows = [
        (at, series, value, series in sums, f"{series}, {at:%Y-%m-%d}: {value:g}{unit}")
        for series in table
        for at, value in table.loc[table[series].first_valid_index() :, series].items()
    ]
    return pd.DataFrame(rows, columns=["at", "series", "value", "is_sum", "words"])
