"""Explanations that are worked out after the fold and kept: always of what stands, and equal to a new one."""

import pytest

from models.serving.forecaster import Forecaster
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.reconcile import Reconciler
from stream.services.kept_explanations import explain_next
from stream.services.verify.explained_again import explained_again
from stream.storage.database import Connection
from stream.storage.locks import explaining_alone, share_replay
from stream.storage.reading import views
from tests.database import Database
from tests.services.accepted_facts import accept, breast, drug, fold_each, forecasters, lung
from tests.services.explaining_all import NOW, explain_all, held

OF_LUNG = [lung("PL", "a", 0, 30.0), drug("PL", "Docetaxel", 10), lung("PL", "b", 42, 24.0), lung("PL", "c", 84, 28.0)]


def kept(connection: Connection, patient: str = "PL") -> list[dict | None]:
    """What is kept of each current risk; None where nothing is."""
    return [row["says"] for row in views.explained(connection, patient)]


def test_every_current_risk_is_explained_once_what_was_folded_is_through(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, [*OF_LUNG, breast("PB", "x", 0, 9.0, 21.0)])
    assert not any(kept(connection)) and kept(connection)
    assert explain_all(connection) == 2
    assert all(kept(connection)) and all(kept(connection, "PB"))
    assert explain_all(connection) == 0


def test_the_parts_in_the_view_lead_from_the_risk_before_to_the_risk_that_stands(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, OF_LUNG)
    explain_all(connection)
    rows = (
        database.connect("reader")
        .execute(
            """SELECT c.risk, x.risk, x.risk_before + sum(x.points) / 100, count(*), h.risk, x.risk_before
        FROM scanstream.current_risk c
        JOIN scanstream.risk_change x USING (patient_id, endpoint, horizon_kind, scan_uid)
        JOIN scanstream.risk_history h USING (patient_id, endpoint, horizon_kind)
        WHERE c.horizon_days IS NOT DISTINCT FROM x.horizon_days AND c.horizon_days IS NOT DISTINCT FROM h.horizon_days
          AND x.superseded_at IS NULL AND h.acquired_at = x.before_at AND h.superseded_at IS NULL
        GROUP BY 1, 2, x.risk_before, 5, c.endpoint, c.horizon_kind, c.horizon_days"""
        )
        .fetchall()
    )
    assert len(rows) == len(kept(connection))
    for now, says, led_to, parts, before, says_before in rows:
        assert (says, says_before) == (now, before) and parts >= 3
        assert led_to == pytest.approx(now, abs=1e-6)


def test_what_changes_the_past_ends_an_explanation_with_its_forecast(database: Database) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, OF_LUNG)
    explain_all(connection)
    (before, *_) = kept(connection)
    with connection.transaction():
        accept_rejections(connection, [Rejection("PL/b", 1, "quality", "someone")], NOW)
    reconciler.timelines(["PL"])
    assert not any(kept(connection))
    explain_all(connection)
    (after, *_) = kept(connection)
    assert (before["before_scan_of"][:10], after["before_scan_of"][:10]) == ("2025-04-12", "2025-03-01")
    ended, standing = connection.execute(
        """SELECT count(DISTINCT computed_at) FILTER (WHERE superseded_at IS NOT NULL),
          count(DISTINCT computed_at) FILTER (WHERE superseded_at IS NULL) FROM scanstream.risk_change"""
    ).fetchone()
    assert (ended, standing) == (1, 1)


def test_a_visit_that_is_folded_while_another_is_explained_is_explained_next(database: Database) -> None:
    connection, other = database.connect(), database.connect()
    fold_each(connection, OF_LUNG[:3])

    def held_and_folding(version: str) -> Forecaster:
        if not other.execute("SELECT FROM core.scans WHERE scan_uid = 'PL/c'").fetchone():
            accept(other, OF_LUNG[3])
            Reconciler(other, forecasters()).timelines(["PL"])
        return held(version)

    assert explain_next(connection, held_and_folding, NOW)
    assert not any(kept(connection))
    assert explain_all(connection) == 1
    assert all(kept(connection))


def test_nothing_is_explained_while_somebody_replays_or_another_worker_explains(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, OF_LUNG[:1])
    with database.connect() as replaying:
        share_replay(replaying)
        assert explain_all(connection) == 0
    with database.connect() as other, explaining_alone(other) as alone:
        assert alone and explain_all(connection) == 0
    assert explain_all(connection) == 1


def test_one_that_cannot_be_explained_holds_up_nobody(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, [*OF_LUNG, breast("PB", "x", 0, 9.0, 21.0)])
    by_disease = {disease: one.weights_version for one in forecasters() for disease in one.card.applies_to.diseases}

    def without_those_of_the_breast(version: str) -> Forecaster:
        if version == by_disease["breast"]:
            raise KeyError(version)
        return held(version)

    assert explain_all(connection, without_those_of_the_breast) == 2
    assert all(kept(connection)) and not any(kept(connection, "PB"))
    assert {row["why_not"] for row in views.explained(connection, "PB")} == {"an error in the program (KeyError)"}
    assert explained_again(connection, forecasters()).first == ["explanations patient_id=PB lacks pcr"]


def test_verify_names_what_is_missing_and_what_would_be_said_otherwise(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, OF_LUNG)
    assert not explained_again(connection, forecasters()).failed
    explain_all(connection)
    sound = explained_again(connection, forecasters())
    assert (sound.failed, sound.checked) == (0, 2)
    owner = database.connect("migrator")
    owner.execute("""UPDATE core.explanations SET says = replace(says::text, '"kind":"time"', '"kind":"fact"')::json""")
    assert explained_again(connection, forecasters()).failed == 1
    owner.execute("DELETE FROM core.explanations")
    (failure,) = explained_again(connection, forecasters()).first
    assert failure == "explanations patient_id=PL lacks progression"


def test_tenths_of_a_day_that_an_earlier_version_kept_are_no_failure_and_other_days_are(database: Database) -> None:
    connection, owner = database.connect(), database.connect("migrator")
    fold_each(connection, OF_LUNG)
    explain_all(connection)

    def failed_where_kept(said: str, before: str) -> int:
        owner.execute(f"UPDATE core.explanations SET says = replace(says::text, '\"{said}', '\"{before}')::json")
        return explained_again(connection, forecasters()).failed

    assert failed_where_kept("42 days passed", "41.8 days passed") == 0
    assert failed_where_kept("41.8 days passed", "40.8 days passed") == 1
