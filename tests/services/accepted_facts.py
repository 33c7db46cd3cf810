"""Facts of made-up patients, accepted the way the service accepts them, and what stands afterwards."""

import datetime as dt
import random
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from models.measurement import Measurement
from models.serving.forecaster import Forecaster, committed_forecasters
from stream.measured_scan import MeasuredScan
from stream.services.facts.clinical import (
    ImportedVisit,
    Outcome,
    Treatment,
    accept_clinical,
    accept_outcomes,
    accept_treatments,
    accept_visits,
)
from stream.services.facts.identity_effects import apply_next, next_event
from stream.services.folding.committed_fold import CommittedFold
from stream.services.folding.reconcile import Reconciler
from stream.services.verify import audit_chain, chains, row_hashes, standing_folds
from stream.services.verify.assembled_again import assembled_again
from stream.services.verify.explained_again import explained_again
from stream.services.verify.finding import Finding
from stream.services.verify.worklist import worklist
from stream.storage.database import Connection

DAY_0 = dt.datetime(2025, 3, 1, 9, 30, tzinfo=dt.UTC)
NOTHING_ON_ITS_WAY = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
"""A day on which all that was accepted has long had its time."""
Fact = ImportedVisit | Treatment | Outcome | tuple[str, dict]
"""A visit, a treatment, what happened, or (patient, clinical facts)."""


@cache
def forecasters() -> tuple[Forecaster, ...]:
    """The committed weights, loaded once."""
    return tuple(committed_forecasters("cpu"))


def day(number: float) -> dt.datetime:
    """The moment `number` days after the first."""
    return DAY_0 + dt.timedelta(days=number)


def lung(patient: str, name: str, on_day: float, diameter_mm: float) -> ImportedVisit:
    """A visit of a lung cancer patient with one measured lesion; the same `name` again is the same scan."""
    lesion = Measurement("longest_diameter", diameter_mm, "import", f"lesion-{patient}", "Left lung", "lung")
    return ImportedVisit(f"{patient}/{name}", patient, day(on_day), "lung", MeasuredScan((lesion,), "lung", None))


def breast(patient: str, name: str, on_day: float, volume_ml: float, diameter_mm: float) -> ImportedVisit:
    """A visit of a breast cancer patient: volume and diameter of the tumour."""
    found = (
        Measurement("volume", volume_ml, "import", f"lesion-{patient}", "Tumour", "breast"),
        Measurement("longest_diameter", diameter_mm, "import", f"lesion-{patient}", "Tumour", "breast"),
    )
    return ImportedVisit(f"{patient}/{name}", patient, day(on_day), "breast", MeasuredScan(found, "breast", None))


def drug(patient: str, name: str, start: float, end: float | None = None, withdrawn: bool = False) -> Treatment:
    """A drug given from day `start` to day `end`, dated by the moment."""
    end_at = None if end is None else day(end)
    return Treatment(patient, name, "drug", day(start), end_at, by_day=False, withdrawn=withdrawn)


def patient_of(fact: Fact) -> str:
    """Whom a fact is about."""
    return fact[0] if isinstance(fact, tuple) else fact.received_as


def key_of(fact: Fact) -> tuple[str, str]:
    """What a fact is a revision of: only the order of these among each other has a meaning."""
    if isinstance(fact, ImportedVisit):
        return "scan", fact.scan_uid
    if isinstance(fact, Outcome):
        return "outcome", f"{fact.received_as}/{fact.endpoint}"
    return ("treatment", fact.treatment_id) if isinstance(fact, Treatment) else ("clinical", fact[0])


def accept(connection: Connection, *facts: Fact) -> None:
    """Append `facts`, each in a transaction of its own."""
    now = dt.datetime.now(dt.UTC)
    for fact in facts:
        with connection.transaction():
            if isinstance(fact, ImportedVisit):
                accept_visits(connection, [fact], now)
            elif isinstance(fact, Treatment):
                accept_treatments(connection, [fact], now)
            elif isinstance(fact, Outcome):
                accept_outcomes(connection, [fact], now)
            else:
                accept_clinical(connection, [fact], now)


def shuffled(facts: Sequence[Fact], seed: int) -> list[Fact]:
    """`facts` in another order of arrival; revisions of one thing keep their order."""
    waiting: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        waiting.setdefault(key_of(fact), []).append(fact)
    order = [key_of(fact) for fact in facts]
    random.Random(seed).shuffle(order)
    return [waiting[key].pop(0) for key in order]


def fold_each(connection: Connection, facts: Iterable[Fact]) -> Reconciler:
    """Accept and fold one fact after the other, as they would trickle in."""
    reconciler = Reconciler(connection, forecasters())
    for fact in facts:
        accept(connection, fact)
        reconciler.patients([patient_of(fact)])
    return reconciler


def apply_identity(connection: Connection, reconciler: Reconciler) -> list[CommittedFold]:
    """Let everything accepted take effect, in order; returns the folds."""
    folds: list[CommittedFold] = []
    while next_event(connection) is not None:
        folds += apply_next(connection, reconciler)
    return folds


def standing(connection: Connection) -> dict[str, list[tuple]]:
    """All that stands, bit for bit, apart from which fold wrote it."""
    queries = {
        "states": "SELECT patient_id, weights_version, scan_uid, revision, at, position, state, digest FROM core.states"
        " WHERE superseded_by IS NULL",
        "forecasts": "SELECT patient_id, weights_version, scan_uid, endpoint, horizon_kind, horizon_days, disease,"
        " revision, at, risk, risk_low, risk_high, tip FROM core.forecasts WHERE superseded_by IS NULL",
        "sizes": "SELECT patient_id, weights_version, scan_uid, measurement, disease, revision, at, horizon_days,"
        " level, value, value_low, value_high FROM core.size_forecasts WHERE superseded_by IS NULL",
        "responses": "SELECT patient_id, weights_version, scan_uid, criterion, disease, revision, at, cr, pr, sd, pd"
        " FROM core.response_probabilities WHERE superseded_by IS NULL",
        "placements": "SELECT patient_id, kind, id, revision, at FROM core.placements WHERE ended_by IS NULL",
        "ledger": "SELECT kind, id, revision FROM core.ledger",
    }
    return {name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in queries.items()}


def checks(
    connection: Connection, tolerance: float = 0.0, held: Sequence[Forecaster] | None = None
) -> Iterator[Finding]:
    """Every check of rows and folds, the fast ones first; states must equal the reference fold bit for bit.

    `held`: forecasters of the active weights, without it those that come along.
    """
    yield row_hashes.row_hashes(connection)
    yield from checks_across_rows(connection, tolerance, held)


def checks_across_rows(
    connection: Connection, tolerance: float = 0.0, held: Sequence[Forecaster] | None = None
) -> Iterator[Finding]:
    """Every check but that of each row's own hash."""
    yield audit_chain.audit_log(connection)
    yield worklist(connection)
    yield chains.versions(connection)
    yield chains.transactions(connection)
    yield chains.fold_chain(connection)
    yield chains.identity(connection)
    yield assembled_again(connection, NOTHING_ON_ITS_WAY)
    yield from standing_folds.standing_folds(connection, held or forecasters(), tolerance, patience_seconds=0.0)
    yield explained_again(connection, held or forecasters())


def assert_sound(connection: Connection, held: Sequence[Forecaster] = ()) -> None:
    """Fail with what `verify` would name; `held`: the weights in service, where they are not those that come along."""
    failures = [failure for one in checks(connection, held=held) for failure in one.first]
    assert failures == [], failures
