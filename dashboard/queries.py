"""What the pages ask the database, as tables: each page from one snapshot (by storage.reading.pages)."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.rows import WorklistRow
from dashboard.shared import Answer, Hold, Once, SnapshotTime, T, address, shared_answers
from dashboard.worklist_query import FILTERS, ROWS_PER_PAGE, WorklistQuery
from stream.errors import CannotStart
from stream.settings import Settings, standing_settings
from stream.storage import database
from stream.storage.intake.wishes import want
from stream.storage.reading import cohort_pages, pages, patient_page
from stream.storage.reading.together import TogetherOutage, ask_planned, ask_together
from stream.vocabulary import Decision

pd.options.mode.string_storage = "python"  # a page has many tables of few rows: Arrow's words cost a tenth of its time
ROLE = "dashboard"
AWAY = (CannotStart, *database.ReaderOutage, *TogetherOutage)
"""Never started or not migrated, gone while it answered, gone before it was asked."""
UNUSED_SHOWN = 25
COUNTS, COHORT = Hold(5, 5), Hold(30, 900)
"""For how long an answer about all files, or all patients, holds for all viewers, whatever was committed meanwhile."""

NUMBERS = {int, float, Decimal}


class DatabaseAway(Exception):
    """Postgres cannot be asked at the moment; the message says why, for the log."""


class ViewReader:
    """Reads as the role `dashboard`; all that one reader reads is of the same moment.

    But for answers about everybody, where `snapshot` (of the pulse) is given: these are shared with other viewers.
    `drawn_from` is then the oldest snapshot read, `behind` the time of an answer that holds no more.
    """

    def __init__(self, connection: Any, snapshot: str | None = None) -> None:
        self._connection = connection
        self._snapshot = self.drawn_from = snapshot
        self._moments: dict[str, str] = {}
        self.behind: pd.Timestamp | None = None
        self.about_all: list[tuple[str, dict[str, object]]] = []
        self.now: pd.Timestamp = self._read(pages.NOW).now[0]
        self._moment = SnapshotTime(snapshot or "", self.now)

    def worklist(self, asked: WorklistQuery) -> list[WorklistRow]:
        """The rows of one page of the worklist, in the order asked for."""
        place = {"limit": ROWS_PER_PAGE, "offset": (asked.page - 1) * ROWS_PER_PAGE}
        values = {**asked.filters(), "need": asked.need, **place}
        rows = self._connection.exec_driver_sql(pages.WORKLIST.format(order=asked.order()), values).mappings()
        return [WorklistRow(*(row[name] for name in WorklistRow._fields)) for row in rows]

    def needs(self, asked: WorklistQuery) -> dict[str, int]:
        """By need how many patients the filters leave."""
        return dict(self._read(pages.NEEDS, **asked.filters()).itertuples(index=False, name=None))

    def choices(self) -> dict[str, list[str]]:
        """By filter the words that it may ask for, those of most patients first."""
        rows = self._read(pages.CHOICES).sort_values("patients", ascending=False, kind="stable")
        return {name: [word for word in rows[name] if word is not None] for name in FILTERS}

    def of_patient(self, patient: str, moment: pd.Timestamp | None = None) -> dict[str, pd.DataFrame]:
        """Every table of the patient's page by its name, as things stand now or as they stood at `moment`."""
        values = {"patient": patient} | ({} if moment is None else {"at": moment})
        tables = patient_page.texts(of_a_moment=moment is not None)
        answers = ask_together(self._connection, tables, values)
        rows = {name: _frame(answer.names, answer.rows) for name, answer in answers.items()}
        return rows | {"current": _with_change(rows["current"]), "cards": self._with_cards(rows["cards"])}

    def service(self) -> pd.Series:
        """Counts of files, what is pending, and when something last arrived or was folded."""
        counts = self._shared(pages.SERVICE, COUNTS)
        return counts.assign(now=self.now).iloc[0]

    def revisions(self) -> dict[str, int]:
        """How many scan revisions have each status."""
        return dict(self._shared(pages.REVISIONS, COUNTS).itertuples(index=False, name=None))

    def unused_counts(self) -> pd.DataFrame:
        """In how many scans what is not used was found, the most frequent first, at most UNUSED_SHOWN."""
        return self._shared(pages.UNUSED_COUNTS, COUNTS, limit=UNUSED_SHOWN)

    def model_cards(self) -> pd.DataFrame:
        """Weights in service with their cards, those that lead first."""
        return self._with_cards(self._read(pages.IN_SERVICE))

    def enrolled(self) -> pd.DataFrame:
        """Every trial, arm and disease that patients are in."""
        return self._shared(cohort_pages.ENROLLED, COHORT)

    def judged(self) -> pd.DataFrame:
        """Every line of therapy and criterion that there are verdicts on."""
        return self._shared(cohort_pages.JUDGED, COHORT)

    def lines(self, choice: Mapping[str, object]) -> pd.DataFrame:
        """What became of each patient's lines; `choice` has trial, arm, disease, line (None: any) and criterion."""
        return self._shared(cohort_pages.LINES, COHORT, **choice)

    def line_visits(self, choice: Mapping[str, object]) -> pd.DataFrame:
        """The verdicts of the patients of a `choice` as of `lines` in its line, in days since its baseline."""
        return self._shared(cohort_pages.VISITS, COHORT, **choice)

    def given(self, patients: Sequence[str]) -> pd.DataFrame:
        """The treatments of these patients, by start."""
        return self._read(cohort_pages.GIVEN, patients=patients)

    def read(self, sql: str, **values: object) -> pd.DataFrame:
        """The rows of a query of `stream.storage.reading`."""
        return self._read(sql, **values)

    def of_all(self, sql: str, **values: object) -> pd.DataFrame:
        """The same of a query that goes through all patients: shared with other viewers."""
        return self._shared(sql, COHORT, **values)

    def once_for(self, about: object) -> Once:
        """For what is made of the answers about everybody that were read so far: once for all who have these too.

        What `work` is given says nothing but them and `about`.
        """
        made_of = f"{address(standing_settings())} {about} {list(self._moments.values())}"

        def once(name: str, work: Callable[[], T]) -> T:
            return work() if self._snapshot is None else shared_answers().made(f"{made_of} {name}", work)

        return once

    def _shared(self, sql: str, hold: Hold, **values: object) -> pd.DataFrame:
        if self._snapshot is None:
            return self._planned(sql, values)
        question = f"{address(standing_settings())} {sql} {values}"
        answer = self._answer(question, hold, lambda: self._planned(sql, values))
        self._moments[question] = answer.moment.snapshot
        if answer.moment.snapshot != self._snapshot:
            self.drawn_from = answer.moment.snapshot
        if answer.is_behind:
            self.behind = min(answer.moment.now, self.behind or self.now)
        if hold.shown > hold.fresh:
            self.about_all.append((sql, values))
        return answer.rows

    def _answer(self, question: str, hold: Hold, ask: Callable[[], pd.DataFrame]) -> Answer:
        return shared_answers().answer(question, self._moment, hold, ask)

    def _with_cards(self, weights: pd.DataFrame) -> pd.DataFrame:
        """With the card of each: it never changes, and to read it takes longer than all else of a patient's page."""
        return weights.assign(card=[self._card(version) for version in weights.weights_version])

    def _card(self, version: str) -> Mapping[str, Any]:
        kept = _cards()
        if version not in kept:
            kept[version] = self._read(pages.CARD, weights=version).card[0]
        return kept[version]

    def _planned(self, sql: str, values: Mapping[str, object]) -> pd.DataFrame:
        answer = ask_planned(self._connection, sql, values)
        return _frame(answer.names, answer.rows)

    def _read(self, sql: str, **values: object) -> pd.DataFrame:
        answer = self._connection.exec_driver_sql(sql, values or None)
        return _frame(list(answer.keys()), answer.fetchall())


@contextmanager
def reader(snapshot: str | None = None) -> Iterator[ViewReader]:
    """A reader of one moment; raises DatabaseAway while Postgres cannot be asked."""
    with reading() as connection:
        yield ViewReader(connection, snapshot)


@contextmanager
def reading() -> Iterator[Any]:
    """What a reader asks on; raises DatabaseAway while Postgres cannot be asked."""
    try:
        pool = _pool(standing_settings(), ROLE)
        with pool.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as connection:
            yield connection
    except AWAY as error:
        raise DatabaseAway(str(error).splitlines()[0]) from error


def ask_decision(
    item_id: str, decision: Decision, why: str, by: str, patient: str | None, acquired: dt.date | None
) -> None:
    """Have the gateway release or reject what was set aside.

    Raises AnswerIsNo where that cannot be, DatabaseAway while Postgres cannot be asked.
    """
    try:
        want(_pool(standing_settings(), ROLE), item_id, decision, why, by, patient, acquired)
    except AWAY as error:
        raise DatabaseAway(str(error).splitlines()[0]) from error


def acknowledge(patient: str, who: str, note: str) -> None:
    """Write down that `who` has seen what is new of a patient; raises DatabaseAway, ValueError with a sentence."""
    try:
        with _pool(standing_settings(), ROLE).begin() as connection:
            connection.exec_driver_sql(pages.ACKNOWLEDGE, {"patient": patient, "who": who, "note": note})
    except database.Refused as error:
        raise ValueError(str(error.orig).splitlines()[0]) from error
    except AWAY as error:
        raise DatabaseAway(str(error).splitlines()[0]) from error


def _frame(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    if not rows:
        return _empty(tuple(names)).copy(deep=False)
    columns = dict(zip(names, map(_column, zip(*rows, strict=True)), strict=True))
    return pd.DataFrame(columns, copy=False)


@cache
def _empty(names: Sequence[str]) -> pd.DataFrame:
    """Half of a patient's tables have no row, and to make one takes as long as with rows."""
    return pd.DataFrame({name: _column(()) for name in names})


def _column(values: Sequence[Any]) -> Any:
    """Numbers and times as pandas has them, all else as it is, without one as None.

    What is left to pandas to find out takes three times as long, and words would be a type of their own.
    """
    kinds = {type(value) for value in values}
    if dt.datetime in kinds:
        return pd.DatetimeIndex(values)
    if kinds in ({bool}, {int}):
        return np.array(values)
    if kinds & NUMBERS and kinds <= {*NUMBERS, type(None)}:
        return np.array(values, dtype=float)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return pd.Index(column, dtype=object, copy=False)


def _with_change(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(change=rows.risk - rows.previous_risk.astype(float))


@st.cache_resource
def _cards() -> dict[str, Mapping[str, Any]]:
    """The cards that were read so far, by the hash of their weights."""
    return {}


@st.cache_resource(hash_funcs={Settings: address})
def _pool(settings: Settings, role: str) -> Any:
    return database.engine(settings, role)
