"""What was shown at a time can be asked for again."""

import datetime as dt

import numpy as np

from stream.services.folding.reconcile import Reconciler
from stream.services.recovery import replay
from stream.storage import schema
from stream.storage.appending import write_later
from stream.storage.database import Connection
from stream.storage.folding.active_weights import active_versions_of
from stream.storage.folding.states import timelines_with_states
from tests.database import Database
from tests.services.accepted_facts import accept, assert_sound, breast, drug, fold_each, forecasters, lung, standing

STORY = [
    lung("PA", "b", 40, 30.0),
    lung("PA", "c", 90, 40.0),
    breast("PB", "x", 0, 9.0, 20.0),
    lung("PA", "a", 0, 25.0),
    drug("PA", "docetaxel", 50),
    lung("PA", "b", 40, 60.0),
    lung("PA", "a", 120, 25.0),
    ("PA", {"age": 66}),
    drug("PA", "docetaxel", 50, withdrawn=True),
]
"""Late scans, revisions of value and of day, a treatment and its withdrawal, clinical facts."""


def shown(connection: Connection, at: dt.datetime | None = None) -> list[list[tuple]]:
    """Current risks and trajectories, visits, lesions, verdicts and questions, now or as of a time."""
    relations = ("current_risk", "trajectory") if at is None else ("risk_as_of(%(at)s)", "trajectory_as_of(%(at)s)")
    queries = [f"SELECT * FROM scanstream.{relation}" for relation in relations]
    for view in ("visit", "lesion", "response", "endpoint_status"):
        rows = f"{view} v WHERE superseded_at IS NULL" if at is None else f"{view}_as_of(%(at)s) v"
        queries.append(f"SELECT to_jsonb(v) - 'superseded_at' - 'superseded_because' FROM scanstream.{rows}")
    return [sorted(connection.execute(query, {"at": at}).fetchall(), key=repr) for query in queries]


def test_what_was_shown_after_each_fold_can_be_asked_for_again(database: Database) -> None:
    connection, reader = database.connect(), database.connect("reader")
    reconciler, screens = Reconciler(connection, forecasters()), []
    for fact in STORY:
        accept(connection, fact)
        reconciler.patients(["PA", "PB"])
        (last,) = connection.execute("SELECT max(computed_at) FROM core.folds").fetchone()
        screens.append((last, shown(reader)))
    for (at, screen), (following, _) in zip(screens, [*screens[1:], (dt.datetime.now(dt.UTC), None)], strict=True):
        assert shown(reader, at) == screen
        assert shown(reader, following - dt.timedelta(microseconds=1)) == screen
    assert len({repr(screen) for _, screen in screens}) > len(STORY) // 2


def test_before_the_first_fold_nothing_was_shown(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, STORY)
    (first,) = connection.execute("SELECT min(computed_at) FROM core.folds").fetchone()
    assert shown(database.connect("reader"), first - dt.timedelta(microseconds=1)) == [[]] * 6


def test_a_risk_of_weights_that_did_not_lead_yet_was_not_shown(database: Database) -> None:
    connection, owner = database.connect(), database.connect("migrator")
    fold_each(connection, STORY[:1])
    (at,) = connection.execute("SELECT max(computed_at) FROM core.folds").fetchone()
    (since, version) = owner.execute(
        "SELECT since, weights_version FROM core.leads WHERE endpoint = 'progression' AND disease = 'lung'"
    ).fetchone()
    key = {"endpoint": "progression", "disease": "lung", "weights_version": version, "since": since}
    write_later(owner, schema.leads, key, {"until": at, "until_xact": "1"})
    assert shown(database.connect("reader"), at)[0] == []
    assert shown(database.connect("reader"))[0] == []
    assert connection.execute("SELECT DISTINCT role FROM scanstream.risk_history").fetchall() == [("shadow",)]


def test_a_replay_says_the_same_again_and_why_it_did(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, STORY)
    before, said = standing(connection), replay.standing(connection, ["PA"])
    weights = active_versions_of(connection, "progression")
    patients = timelines_with_states(connection, weights)
    asking = database.connect()
    reconciler = Reconciler(asking, forecasters(), writing=database.connect())
    done = list(replay.replay(asking, reconciler, patients, weights))
    assert (patients, done) == ([("PA", 3, 1)], [3])
    assert standing(connection) == before
    assert replay.compare(said, replay.standing(connection, ["PA"])) == (0, 0)
    for table in (schema.forecasts, schema.size_forecasts, schema.response_probabilities):
        because = connection.execute(
            f"""SELECT DISTINCT superseded_because FROM core.{table.name}
            WHERE superseded_by = (SELECT max(fold_id) FROM core.folds)"""
        ).fetchall()
        assert because == [("replay",)]
    assert_sound(connection)


def test_a_comparison_counts_what_differs_came_or_went_and_sizes_by_their_share() -> None:
    risk, size = np.array([0.5, 0.4, 0.6]), np.array([50.0, 45.0, 60.0])
    before = {("a",): risk, ("b",): risk, ("c",): size}
    assert replay.compare(before, {("a",): risk, ("b",): risk + 0.25, ("c",): size}) == (1, 0.25)
    assert replay.compare(before, {("a",): risk, ("b",): risk, ("c",): size * 0.5}) == (1, 0.5)
    assert replay.compare(before, {("a",): risk, ("b",): risk, ("d",): risk}) == (2, 1.0)
    assert replay.compare({}, {}) == (0, 0.0)
