"""New weights without a blind spot: put in service, brought up to date, leading, and back."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.card import Card
from models.features import FEATURE_NAMES
from models.serving.forecaster import Forecaster, load_forecaster
from stream.errors import AnswerIsNo, UnknownWeights, WrongUse
from stream.services import leading
from stream.services.folding.reconcile import Reconciler
from stream.services.recovery import replay
from stream.services.recovery.sweep import PATIENCE, sweep
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.folding import active_weights
from tests.database import Database
from tests.other_weights import other_weights
from tests.services.accepted_facts import accept, breast, checks, fold_each, forecasters, lung
from tests.services.waiting import heads_held, threads, wait_for_waiting
from tests.waiting import wait_until

COHORT = [
    lung("PA", "a", 0, 30.0),
    lung("PA", "b", 60, 34.0),
    lung("PB", "a", 0, 30.0),
    breast("PC", "a", 0, 12.0, 30.0),
    lung("PC", "lung too", 9, 20.0),
]
OLD = forecasters()[0].weights_version
CURRENT = "SELECT * FROM scanstream.current_risk WHERE endpoint = 'progression' ORDER BY patient_id, horizon_days"
AS_OF = "SELECT * FROM scanstream.risk_as_of(%s) WHERE endpoint = 'progression' ORDER BY patient_id, horizon_days"
ROLES = """SELECT DISTINCT weights_version, superseded_at IS NULL, role FROM scanstream.risk_history
WHERE endpoint = 'progression'"""


@pytest.fixture
def new(tmp_path: Path) -> Forecaster:
    """Other weights of the model `progression`."""
    other_weights(tmp_path / "new")
    return load_forecaster(tmp_path / "new", "cpu")


@pytest.fixture
def worker(database: Database) -> Connection:
    """A connection to a database in which the cohort stands under the weights that come along."""
    connection = database.connect()
    fold_each(connection, COHORT)
    return connection


def put(connection: Connection, card: Card) -> bool:
    return leading.put_in_service(connection, card, "Ada", "a trial")


def catch_up(database: Database, forecaster: Forecaster) -> list[int]:
    """On connections of its own, as the command does it; how many timepoints each batch brought."""
    with database.connect() as connection, database.connect() as other:
        reconciler = reconciler_on(connection, other, forecaster)
        return list(replay.catch_up(connection, reconciler, forecaster.weights_version))


def reconciler_on(one: Connection, other: Connection, forecaster: Forecaster) -> Reconciler:
    """Who replays, and holds these weights too."""
    return Reconciler(one, [*forecasters(), forecaster], writing=other)


def leads(connection: Connection) -> set[str]:
    """Versions whose risks count now."""
    return {row[0] for row in connection.execute("SELECT weights_version FROM scanstream.current_risk").fetchall()}


def stand(connection: Connection, fold_id: int, scan_uid: str, disease: str, x: list[float | None]) -> None:
    """A scan of a patient of the same name stands, without any state."""
    version, now = forecasters()[0].card.feature_version, dt.datetime.now(dt.UTC)
    features = {"feature_version": version, "disease": disease, "x": x, "sha256": "", "note": None}
    append(connection, schema.features, [{"scan_uid": scan_uid, "revision": 1, **features}])
    place = {"patient_id": scan_uid, "at": now, "placed_at": now, "ended_by": None, "later_sha256": None}
    row = {"fold_id": fold_id, "kind": "scan", "id": scan_uid, "revision": 1, **place}
    append(connection, schema.placements, [row])


def much_later() -> dt.datetime:
    return dt.datetime.now(dt.UTC) + PATIENCE + dt.timedelta(seconds=1)


def unsound(connection: Connection, forecaster: Forecaster) -> list[str]:
    """What `verify` finds, with the new weights held too."""
    found = checks(connection, held=[*forecasters(), forecaster])
    return [failure for one in found for failure in one.first]


def test_new_weights_get_the_states_of_every_timeline_they_apply_to(
    database: Database, worker: Connection, new: Forecaster
) -> None:
    before = worker.execute(CURRENT).fetchall()
    assert put(worker, new.card)
    assert active_weights.lacking(worker, new.weights_version) == [("PA", 2, 1), ("PB", 1, 1), ("PC", 1, 1)]
    assert sum(catch_up(database, new)) == 4
    assert active_weights.lacking(worker, new.weights_version) == []
    assert worker.execute(CURRENT).fetchall() == before
    assert set(worker.execute(ROLES).fetchall()) == {(OLD, True, "lead"), (new.weights_version, True, "shadow")}
    assert unsound(worker, new) == []


def test_a_replay_for_new_weights_supersedes_nothing(database: Database, worker: Connection, new: Forecaster) -> None:
    put(worker, new.card)
    catch_up(database, new)
    assert worker.execute("SELECT DISTINCT superseded_because FROM scanstream.risk_history").fetchall() == [(None,)]
    causes = "SELECT DISTINCT cause FROM core.folds WHERE head_version > 1 AND patient_id = 'PB'"
    assert worker.execute(causes).fetchall() == [("replay",)]


def test_the_same_weights_again_change_nothing(database: Database, worker: Connection, new: Forecaster) -> None:
    put(worker, new.card)
    catch_up(database, new)
    tables = ("weights", "active_weights", "leads", "audit", "folds")
    counts = [worker.execute(f"SELECT count(*) FROM core.{table}").fetchone() for table in tables]
    assert not put(worker, new.card)
    assert catch_up(database, new) == []
    assert [worker.execute(f"SELECT count(*) FROM core.{table}").fetchone() for table in tables] == counts


def test_weights_with_another_card_than_they_are_known_by_are_refused(worker: Connection, new: Forecaster) -> None:
    put(worker, new.card)
    with pytest.raises(WrongUse, match="known here with another card"):
        put(worker, replace(new.card, intended_use="anything"))


def test_what_is_found_to_be_lacking_is_what_the_forecaster_applies_to(worker: Connection) -> None:
    """Every disease, and every set of measured features: the query says what `Forecaster.applies` says."""
    diseases = {"lung": "lung", "bladder": "bladder", "breast": "breast", "brain": "brain", "unknown": "unknown"}
    diseases |= {"lung, told to be breast": "breast", "unknown, told to be lung": "lung"}
    scans = {
        f"{name}/{place}/{value}": (disease, [value if at == place else None for at in range(len(FEATURE_NAMES))])
        for name, disease in diseases.items()
        for place in range(len(FEATURE_NAMES))
        for value in (None, 1.0, float("nan"), float("inf"))
    }
    for number, (scan_uid, (_, x)) in enumerate(scans.items(), start=1000):
        own, *told = scan_uid.split("/")[0].split(", told to be ")
        stand(worker, number, scan_uid, own, x)
        accept(worker, *[(scan_uid, {"disease": each, "age": 60}) for each in told])
    for forecaster in forecasters():
        applies = {
            uid
            for uid, (disease, x) in scans.items()
            if forecaster.applies(disease, np.array([np.nan if value is None else value for value in x]))
        }
        lacking = {patient_id for patient_id, *_ in active_weights.lacking(worker, forecaster.weights_version)}
        assert lacking == applies
        assert 0 < len(applies) < len(scans)


def test_an_interrupted_replay_loses_nothing_and_goes_on(
    database: Database, worker: Connection, new: Forecaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "TIMELINES", 1)
    put(worker, new.card)
    interrupted = database.connect()
    replaying = replay.catch_up(interrupted, reconciler_on(interrupted, database.connect(), new), new.weights_version)
    assert next(replaying) == 2
    replaying.close()
    interrupted.close()
    assert active_weights.lacking(worker, new.weights_version) == [("PB", 1, 1), ("PC", 1, 1)]
    assert sum(catch_up(database, new)) == 2
    assert unsound(worker, new) == []


def test_the_sweep_rings_for_timelines_that_lack_states_unless_somebody_replays(
    database: Database, worker: Connection, new: Forecaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rung(now: dt.datetime) -> list[str]:
        return sorted(sweep(worker, now, dt.timedelta(days=1)).patients)

    monkeypatch.setattr(replay, "TIMELINES", 1)
    put(worker, new.card)
    assert rung(dt.datetime.now(dt.UTC)) == []
    assert rung(much_later()) == ["PA", "PB", "PC"]
    replaying = database.connect()
    next(replay.catch_up(replaying, reconciler_on(replaying, database.connect(), new), new.weights_version))
    assert active_weights.lacking(worker, new.weights_version) == [("PB", 1, 1), ("PC", 1, 1)]
    assert rung(much_later()) == []
    replaying.close()
    wait_until(lambda: rung(much_later()) == ["PB", "PC"])
    Reconciler(worker, [*forecasters(), new]).timelines(["PB", "PC"])
    assert rung(much_later()) == []


def test_a_worker_takes_up_new_weights_without_a_restart(worker: Connection, new: Forecaster) -> None:
    loaded = []

    def load(version: str) -> Forecaster:
        loaded.append(version)
        return new

    running = Reconciler(worker, forecasters(), load)
    put(worker, new.card)
    accept(worker, lung("PA", "c", 90, 34.5), lung("PB", "b", 90, 34.0))
    running.patients(["PA"])
    running.patients(["PB"])
    assert loaded == [new.weights_version]
    assert active_weights.lacking(worker, new.weights_version) == [("PC", 1, 1)]
    assert unsound(worker, new) == ["states/forecasts patient_id=PC scan_uid=PC/lung too is missing"]


def test_a_worker_that_cannot_have_the_new_weights_ends_instead_of_folding(worker: Connection, new: Forecaster) -> None:
    running = Reconciler(worker, forecasters())
    put(worker, new.card)
    accept(worker, lung("PA", "c", 90, 34.5))
    with pytest.raises(UnknownWeights, match=new.weights_version):
        running.patients(["PA"])


def test_weights_that_lack_a_state_cannot_lead(database: Database, worker: Connection, new: Forecaster) -> None:
    put(worker, new.card)
    with pytest.raises(AnswerIsNo, match="4 scans still wait"):
        leading.promote(worker, new.weights_version, "Ada", None)
    assert OLD in leads(worker) and new.weights_version not in leads(worker)
    catch_up(database, new)
    assert leading.promote(worker, new.weights_version, "Ada", None) == list(new.card.pairs)


def test_weights_that_were_never_put_in_service_cannot_lead(worker: Connection, new: Forecaster) -> None:
    """A later release brings weights along; a service that has some already only gets to know them."""
    active_weights.install(worker, [new.card], dt.datetime.now(dt.UTC))
    with pytest.raises(AnswerIsNo, match="not in service"):
        leading.promote(worker, new.weights_version, "Ada", None)


def test_a_promotion_changes_what_counts_at_one_moment_and_a_rollback_changes_it_back(
    database: Database, worker: Connection, new: Forecaster
) -> None:
    put(worker, new.card)
    catch_up(database, new)
    before = worker.execute(CURRENT).fetchall()
    leading.promote(worker, new.weights_version, "Ada", "better calibrated")
    promoted = worker.execute(CURRENT).fetchall()
    (at,) = worker.execute("SELECT max(since) FROM core.leads").fetchone()
    assert [row[:4] for row in promoted] == [row[:4] for row in before]
    assert {row[8] for row in promoted} == {new.weights_version}
    on_worklist = "SELECT DISTINCT weights_version FROM scanstream.worklist WHERE endpoint = 'progression'"
    assert worker.execute(on_worklist).fetchall() == [(new.weights_version,)]
    assert leading.rollback(worker, "progression", "Bob", "too high") == dict.fromkeys(new.card.pairs, OLD)
    assert worker.execute(CURRENT).fetchall() == before
    assert worker.execute(on_worklist).fetchall() == [(OLD,)]
    tick = dt.timedelta(microseconds=1)
    assert worker.execute(AS_OF, [at - tick]).fetchall() == before
    assert worker.execute(AS_OF, [at]).fetchall() == promoted
    (back,) = worker.execute("SELECT max(since) FROM core.leads").fetchone()
    assert worker.execute(AS_OF, [back - tick]).fetchall() == promoted
    assert worker.execute(AS_OF, [back]).fetchall() == before
    assert unsound(worker, new) == []
    said = worker.execute("SELECT who, what, subject, why FROM core.audit ORDER BY seq").fetchall()
    assert said == [
        ("Ada", "model add", new.weights_version, "a trial"),
        ("Ada", "model promote", new.weights_version, "better calibrated"),
        ("Bob", "model rollback", new.weights_version, "too high"),
    ]


def test_a_role_is_that_of_the_moment_a_forecast_ended(database: Database, worker: Connection, new: Forecaster) -> None:
    put(worker, new.card)
    catch_up(database, new)
    reconciler = Reconciler(worker, [*forecasters(), new])

    def revise(diameter_mm: float) -> None:
        accept(worker, lung("PB", "a", 0, diameter_mm))
        reconciler.patients(["PB"])

    revise(31.0)
    leading.promote(worker, new.weights_version, "Ada", None)
    revise(32.0)
    query = """SELECT weights_version, role FROM scanstream.risk_history
    WHERE patient_id = 'PB' AND horizon_days = 90 ORDER BY revision, computed_at, role"""
    before_promotion = [(OLD, "lead"), (new.weights_version, "shadow")]
    after_it = standing = [(new.weights_version, "lead"), (OLD, "shadow")]
    assert worker.execute(query).fetchall() == [*before_promotion, *after_it, *standing]


def test_a_promotion_comes_after_every_fold_whatever_the_clock_says(
    database: Database, worker: Connection, new: Forecaster
) -> None:
    put(worker, new.card)
    catch_up(database, new)
    ahead = "UPDATE core.heads SET changed_at = clock_timestamp() + interval '1 minute' WHERE patient_id = 'PA'"
    database.connect("migrator").execute(ahead)
    leading.promote(worker, new.weights_version, "Ada", None)
    query = "SELECT (SELECT max(since) FROM core.leads) > max(changed_at) FROM core.heads"
    assert worker.execute(query).fetchone() == (True,)


def test_a_scan_that_is_being_folded_while_weights_are_put_in_service_is_not_missed(
    database: Database, worker: Connection, new: Forecaster
) -> None:
    """Putting in service waits for the fold, which knows the weights before only; the replay finds the scan."""
    running = Reconciler(worker, forecasters(), lambda version: new)
    accept(worker, lung("PA", "c", 90, 34.5))
    with threads() as start:
        with heads_held(database.connect("migrator")):
            folding = start(running.patients, ["PA"])
            wait_for_waiting(database.connect(), worker)
            putting = start(put, database.connect(), new.card)
        assert (putting.result(), len(folding.result())) == (True, 1)
    assert ("PA", 3, 1) in active_weights.lacking(worker, new.weights_version)
    catch_up(database, new)
    assert active_weights.lacking(worker, new.weights_version) == []
    assert unsound(worker, new) == []


def test_what_leads_already_can_be_promoted_again_and_nothing_changes(worker: Connection) -> None:
    assert leading.promote(worker, OLD, "Ada", None) == []
    assert worker.execute("SELECT count(*) FROM core.audit").fetchone() == (0,)


def test_there_is_no_way_back_before_the_first_promotion(worker: Connection) -> None:
    for model in (None, "progression"):
        with pytest.raises(AnswerIsNo, match="no way back"):
            leading.rollback(worker, model, "Ada", None)
    with pytest.raises(AnswerIsNo, match="No model size leads"):
        leading.rollback(worker, "size", "Ada", None)


def test_weights_for_one_disease_lead_for_it_alone(database: Database, worker: Connection, tmp_path: Path) -> None:
    one = forecasters()[0].card.applies_to
    card = other_weights(tmp_path / "lung", factor=1.2, applies_to=replace(one, diseases=("lung",)))
    forecaster = load_forecaster(tmp_path / "lung", "cpu")
    put(worker, card)
    catch_up(database, forecaster)
    lung_alone = [(endpoint, "lung") for endpoint in ("progression", "size", "response")]
    assert leading.promote(worker, card.weights_sha256, "Ada", None) == lung_alone
    open_ = (
        "SELECT disease, weights_version FROM core.leads WHERE until IS NULL AND endpoint = 'progression' ORDER BY 1"
    )
    assert worker.execute(open_).fetchall() == [("bladder", OLD), ("lung", card.weights_sha256)]
    assert leading.rollback(worker, "progression", "Ada", None) == dict.fromkeys(lung_alone, OLD)


def test_weights_are_found_by_the_beginning_of_their_name(worker: Connection, new: Forecaster) -> None:
    put(worker, new.card)
    assert leading.version_of(worker, new.weights_version[:8]) == new.weights_version
    with pytest.raises(AnswerIsNo, match="No weights 0123"):
        leading.version_of(worker, "0123" * 16)
    with pytest.raises(WrongUse, match="several versions"):
        leading.version_of(worker, "")
