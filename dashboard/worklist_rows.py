"""What a row of the worklist says, in words: why somebody is needed, verdict, risk, and since when."""

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from dashboard import wording, worklist_words
from dashboard.rows import WorklistRow
from dashboard.words.responses import with_code
from dashboard.worklist_table import RiskBar, TableRow, Words
from stream.vocabulary import EXPLANATIONS, RECIST

TITLES = {
    "patient": "Patient",
    "need": "Why today",
    "response": "Response now",
    "risk": "Risk",
    "change": "Since the scan before",
    "disease": "Disease, line, trial",
    "scan": "Last scan",
}
"""Columns of the table by the name that they are sorted by."""


def table_row(row: WorklistRow, now: dt.datetime, zone: ZoneInfo) -> TableRow:
    """The row as it is drawn; days are those of the zone of the patient's last scan."""
    words = _RowWords(row, now, zone)
    cells = {
        "need": words.need(),
        "response": words.response(),
        "risk": words.risk(),
        "change": words.change(),
        "disease": words.disease(),
        "scan": words.scan(),
    }
    button = "Acknowledge" if row.is_new and row.line is not None else None
    return TableRow(row.patient_id, {key: list(said) for key, said in cells.items()}, words.bar(), row.is_new, button)


class _RowWords:
    """The cells of one row."""

    def __init__(self, row: WorklistRow, now: dt.datetime, zone: ZoneInfo) -> None:
        self._row = row
        self._now = now
        clock, at = row.last_scan_local, row.last_scan_at
        self._home = zone
        self._zone: dt.tzinfo = zone
        if clock is not None and at is not None:
            self._zone = dt.timezone(clock - at.astimezone(dt.UTC).replace(tzinfo=None))

    def need(self) -> Iterator[Words]:
        """The need, then what it comes from, and what else waits."""
        row = self._row
        yield worklist_words.NEEDS[row.need], "note" if row.need == "none" else "strong"
        if row.died:
            known = row.died_at and f"{row.died_at.astimezone(self._home):%Y-%m-%d}"
            yield f"died on {known or 'a day that nobody has entered'}", "plain"
        if row.need == "progressed":
            yield f"on {self._day(row.progressed_at)}", "worse"
            yield from self._from_nadir("plain")
            if self._by_other_lesions():
                yield worklist_words.ELSEWHERE, "plain"
        if row.need == "risen" and row.risk is not None and row.risk_before is not None:
            change = worklist_words.moved(row.risk - row.risk_before)
            yield f"{change} since the scan of {self._day(row.risk_before_at)}", "worse"
        if row.stale and not row.overdue and row.valid_until:
            yield f"The forecast spoke of the time until {self._day(row.valid_until)}", "plain"
        elif (row.overdue or row.stale) and row.due_at:
            yield f"The next scan was expected by {self._day(row.due_at)}", "plain"
        if row.undecided:
            yield f"{worklist_words.many(row.undecided, 'file')} set aside", "plain"
        if row.doubtful_lesions:
            yield f"{worklist_words.many(row.doubtful_lesions, 'lesion')} may be known under another name", "plain"
        if row.on_the_way:
            yield f"{worklist_words.many(row.on_the_way, 'scan')} on the way", "plain"
        if row.acknowledged_at:
            seen = "seen" if not row.is_new else "new since it was seen"
            yield f"{seen} {wording.age(row.acknowledged_at, self._now)} by {row.acknowledged_by}: {row.note}", "note"

    def response(self) -> Iterator[Words]:
        """The verdict with its day, and what it comes from."""
        row = self._row
        if row.response_at is None:
            yield "not judged", "note"
            return
        by = "" if row.criterion == RECIST else f", {row.criterion}"
        yield f"{with_code(row.response)}{by}", "worse" if row.response in worklist_words.PROGRESSIONS else "plain"
        yield self._day(row.response_at), "note"
        if row.need != "progressed":
            yield from self._from_nadir("note")
        if row.percent_from_baseline is not None:
            yield f"{worklist_words.signed(row.percent_from_baseline)} % from the baseline", "note"

    def _from_nadir(self, tone: str) -> Iterator[Words]:
        """New lesions, which decide whatever the sum is, and by how much that lies over the smallest one before."""
        row = self._row
        if row.new_lesions:
            yield worklist_words.many(row.new_lesions, "new lesion"), tone
        if row.percent_from_nadir is not None and row.nadir_at is not None and row.sum_now is not None:
            more = row.sum_now - (row.nadir_sum or 0)
            change = worklist_words.change(row.percent_from_nadir, more, wording.sum_unit(row.criterion))
            yield f"{change} the nadir of {self._day(row.nadir_at)}", tone

    def _by_other_lesions(self) -> bool:
        """Whether the verdict is a progression that neither its sum nor a new lesion tells."""
        row = self._row
        more = (row.sum_now or 0) - (row.nadir_sum or 0)
        told = row.new_lesions or worklist_words.by_sum(row.percent_from_nadir, more)
        return row.criterion == RECIST and row.response == "PD" and not told

    def risk(self) -> Iterator[Words]:
        """The risk with interval, horizon, day of the scan and until when; or why there is none."""
        row = self._row
        if row.risk is None or row.endpoint is None or row.horizon_kind is None:
            yield self._no_risk(), "note"
            return
        interval = wording.interval(row.risk_low or 0, row.risk_high or 0)
        yield f"{wording.percent(row.risk)}, 90 % interval {interval}", "strong"
        yield wording.forecast(row.endpoint, row.horizon_kind, row.horizon_days), "plain"
        until = f" until {self._day(row.valid_until)}" if row.valid_until else ""
        over = row.valid_until is not None and row.valid_until < self._now
        marks = (", provisional" if row.provisional else "") + (", has run out" if over else "")
        yield f"from the scan of {self._day(row.risk_at)}{until}{marks}", "note"

    def change(self) -> Iterator[Words]:
        """How the risk moved since the scan before, and whether that is bad."""
        row = self._row
        if row.risk is None or row.endpoint is None:
            return
        if row.risk_before is None:
            yield "first forecast", "note"
            return
        trend = wording.trend(row.risk - row.risk_before, row.endpoint)
        yield f"{worklist_words.moved(row.risk - row.risk_before)} {trend}", "plain" if trend == "unchanged" else trend
        yield f"from {wording.percent(row.risk_before)} after the scan of {self._day(row.risk_before_at)}", "note"
        yield wording.direction(row.endpoint), "note"
        if row.weights_before != row.weights_version:
            yield "another model than before", "note"

    def disease(self) -> Iterator[Words]:
        """Disease and line, then trial and arm where they are known."""
        row = self._row
        if row.line is not None:
            yield f"{row.disease or 'disease not known'}, line {row.line}", "plain"
        trial = [part for part in (row.trial, row.arm and f"arm {row.arm}") if part]
        if trial:
            yield ", ".join(trial), "note"

    def scan(self) -> Iterator[Words]:
        """Day and age of the last scan that counts."""
        if self._row.last_scan_at is None or self._row.last_scan_local is None:
            yield "none counts yet", "note"
            return
        yield wording.weekday(self._row.last_scan_local), "plain"
        yield wording.age(self._row.last_scan_at, self._now), "note"

    def bar(self) -> RiskBar | None:
        """The risk as it is drawn."""
        row = self._row
        if row.risk is None or row.endpoint is None:
            return None
        before = row.risk_before
        trend = "unchanged" if before is None else wording.trend(row.risk - before, row.endpoint)
        return RiskBar(row.risk, row.risk_low or 0.0, row.risk_high or 0.0, before, trend)

    def _no_risk(self) -> str:
        row = self._row
        if row.line is None:
            return "no forecast yet"
        if row.question in (None, "open") or row.endpoint is None:
            return EXPLANATIONS["no model applies"]
        return wording.closed(row.endpoint, row.question, self._day(row.question_since), row.line)

    def _day(self, at: dt.datetime | None) -> str:
        return "" if at is None else f"{at.astimezone(self._zone):%Y-%m-%d}"
