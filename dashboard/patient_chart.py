"""One patient's rows made ready to be drawn: local dates, one series per lesion, words for every point."""

from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard import charts, ranking, wording
from dashboard.rows import ClosedQuestion, rows_of
from stream.vocabulary import Role, Status

GROUPS = {
    "Diameters (mm)": ("sum_of_diameters", "longest_diameter", "short_axis"),
    "Volume (ml)": ("volume",),
    "Sphericity": ("sphericity",),
    "Background parenchymal enhancement (%)": ("background_parenchymal_enhancement",),
}
LEVEL_IN_WORDS = 0.8
"""The level of the interval that is given in words."""
ALL_LESIONS = "All lesions together"


@dataclass(frozen=True)
class PatientChart:
    """What stands of one patient, as the views give it; `statuses` are the rows of scan_status.

    `sizes` and `responses` are those of the latest scan that has them.
    """

    statuses: pd.DataFrame
    values: pd.DataFrame
    history: pd.DataFrame
    sizes: pd.DataFrame
    responses: pd.DataFrame
    treatments: pd.DataFrame
    zone: ZoneInfo
    now: pd.Timestamp

    def summary(self) -> str:
        """How many scans, from when to when, how long ago the last one."""
        dates = self._dates
        if dates.empty:
            return "No scan counts on this timeline yet."
        count = f"{len(dates)} scan{'' if len(dates) == 1 else 's'}"
        first, last = f"{dates.iloc[0]:%Y-%m-%d}", f"{dates.iloc[-1]:%Y-%m-%d}"
        ago = wording.age(self._scan_dates.max(), self.now)
        return (
            f"{count} on {first}, {ago}" if len(dates) == 1 else f"{count} from {first} to {last}, the last one {ago}"
        )

    @cached_property
    def span(self) -> charts.Span:
        """First and last date of all charts."""
        starts, ends = self._local(self.treatments.start_at), self._local(self.treatments.end_at.dropna())
        dates = pd.concat([self._dates, starts, ends[ends <= self._today]])
        return charts.span(dates, self._days(self.sizes), self._dates.max(), self._today)

    def measurement_groups(self) -> list[str]:
        """Titles, with unit, of what was measured at least once."""
        return [title for title, names in GROUPS.items() if self.values.measurement.isin(names).any()]

    def measured(self, group: str) -> pd.DataFrame:
        """Rows at, series, value, is_sum, words: a series at every scan since it was first seen, NaN where missing."""
        rows = self.values[self.values.measurement.isin(GROUPS[group])].copy()
        rows["at"], rows["series"] = self._local(rows.acquired_at), _series(rows)
        if rows.lesion_uid.nunique() == 1:  # the sum of one lesion would only hide it
            rows = rows[rows.measurement != "sum_of_diameters"]
        rows = rows.sort_values("series", kind="stable")
        table = rows.pivot_table(index="at", columns="series", values="value", aggfunc="first", sort=False)
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
        words = {at: _all_intervals(at, day) for at, day in rows.groupby("at")}
        names = ["scan_uid", "measurement", "level"]
        start = self.values[self.values.lesion_uid.isna()].merge(rows[names].drop_duplicates(), on=names[:2])
        start = start.assign(at=self._local(start.acquired_at), value_low=start.value, value_high=start.value)
        both = pd.concat([start, rows.assign(words=rows["at"].map(words))], ignore_index=True)
        return both.reindex(columns=["at", "level", "value", "value_low", "value_high", "words"])

    def coming_words(self, group: str) -> str | None:
        """The sizes forecast and who said it, in one sentence; None where there are none."""
        rows = self._sizes(group)
        rows = rows[rows.level == LEVEL_IN_WORDS]
        if rows.empty:
            return None
        days = [
            f"on {row.at:%Y-%m-%d} ({wording.ahead((row.at.normalize() - self._today).days)}) "
            f"{wording.size(row.value)} {self._unit(group)}, {wording.within(row.level, row.value_low, row.value_high)}"
            for row in rows.itertuples()
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
        shares = [f"{words} {wording.percent(probability[name])}" for name, words in wording.RESPONSES.items()]
        source = wording.said_by(rows.model.iloc[0], rows.weights_version.iloc[0])
        start = f"Best response by {criterion} up to the visit after that of {day}"
        return f"{start}: {', '.join(shares)}. Said by {source}."

    def closed_words(self, closed: pd.DataFrame) -> list[str]:
        """The questions that are not open, a line for each."""
        days = self.days_of(closed.since)
        return [
            wording.closed(row.question, row.question_status, day, row.line)
            for row, day in zip(rows_of(closed, ClosedQuestion), days, strict=True)
        ]

    def forecast_kinds(self) -> list[ranking.Kind]:
        """What is forecast by those that stand and lead, the main one first."""
        return ranking.known_kinds(self._standing)

    def risk(self, kind: ranking.Kind) -> pd.DataFrame:
        """Rows at, risk, risk_low, risk_high, weights_version, said_by, words of one forecast, by date."""
        rows = ranking.of_kind(self._standing, kind).copy()
        rows["at"] = self._local(rows.acquired_at)
        rows["said_by"] = [wording.said_by(*pair) for pair in zip(rows.model, rows.weights_version, strict=True)]
        rows["words"] = [
            f"{row.at:%Y-%m-%d}: {wording.percent(row.risk)}, interval {wording.interval(row.risk_low, row.risk_high)}"
            for row in rows.itertuples()
        ]
        names = ["at", "risk", "risk_low", "risk_high", "weights_version", "said_by", "words"]
        return rows[names].reset_index(drop=True)

    def scans(self) -> pd.DataFrame:
        """Rows at, words of every scan on the timeline."""
        first = self._dates.iloc[0].normalize()
        words = [f"scan on {at:%Y-%m-%d}, day {(at.normalize() - first).days}" for at in self._dates]
        return pd.DataFrame({"at": self._dates, "words": words})

    def given(self) -> pd.DataFrame:
        """Rows start, end (NaT: goes on), label, words of every treatment."""
        rows = self.treatments
        start, end = self._local(rows.start_at), self._local(rows.end_at)
        until = end.dt.strftime("%Y-%m-%d").fillna("today, goes on")
        label = rows.name + " (" + rows.kind + ")"
        words = label + " from " + start.dt.strftime("%Y-%m-%d") + " to " + until
        return pd.DataFrame(
            {
                "start": start,
                "end": end,
                "label": label + end.isna().map({True: ", goes on", False: ""}),
                "words": words,
            }
        )

    def _sizes(self, group: str) -> pd.DataFrame:
        rows = self.sizes[self.sizes.measurement.isin(GROUPS[group])]
        return rows.assign(at=self._days(rows))

    def _days(self, sizes: pd.DataFrame) -> pd.Series:
        """The days that sizes are forecast for."""
        return self._local(sizes.acquired_at) + pd.to_timedelta(sizes.horizon_days, unit="D")

    def days_of(self, acquired_at: pd.Series) -> list[str]:
        """The calendar days of scans, each in its own zone."""
        return [wording.day(clock) for clock in self._local(acquired_at)]

    def _unit(self, group: str) -> str:
        return str(self.values[self.values.measurement.isin(GROUPS[group])].unit.iloc[0])

    @property
    def _today(self) -> pd.Timestamp:
        return self._local(pd.Series([self.now]))[0].normalize()

    @property
    def _standing(self) -> pd.DataFrame:
        return self.history[self.history.superseded_at.isna() & (self.history.role == Role.LEAD)]

    @cached_property
    def _scan_dates(self) -> pd.Series:
        """acquired_at of every scan that stands, by date."""
        return self.statuses[self.statuses.status == Status.APPLIED].acquired_at.sort_values()

    @property
    def _dates(self) -> pd.Series:
        return self._local(self._scan_dates).reset_index(drop=True)

    def _local(self, times: pd.Series) -> pd.Series:
        """Wall-clock times, of scans in their own zone, else in the service's: a browser must not shift a date."""
        times = pd.to_datetime(times, utc=True)
        scans = pd.to_datetime(self.statuses.acquired_at, utc=True)
        of_scans = dict(zip(scans, self.statuses.acquired_local, strict=True))
        return pd.to_datetime(times.map(of_scans)).fillna(times.dt.tz_convert(self.zone).dt.tz_localize(None))


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
    intervals = [wording.within(row.level, row.value_low, row.value_high) for row in rows.itertuples()]
    return f"forecast for {at:%Y-%m-%d}: {wording.size(rows.value.iloc[0])}, " + ", ".join(intervals)


def _long(table: pd.DataFrame, sums: set[str], unit: str) -> pd.DataFrame:
    rows = [
        (at, series, value, series in sums, f"{series}, {at:%Y-%m-%d}: {value:g}{unit}")
        for series in table
        for at, value in table.loc[table[series].first_valid_index() :, series].items()
    ]
    return pd.DataFrame(rows, columns=["at", "series", "value", "is_sum", "words"])
