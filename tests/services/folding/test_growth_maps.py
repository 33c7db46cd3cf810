"""Growth maps ride on the one routine: stored, superseded, replayed and recomputed as any other state."""

import random
from collections.abc import Sequence

import pytest

from models.growth.maps import volume_ml
from models.growth.served import BLOCK_NUMBERS, HORIZON_DAYS, MOST_LESIONS
from stream.services.facts.lesion_facts import LesionFact, accept_lesion_fact
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.reconcile import Reconciler
from stream.services.recovery import replay
from stream.storage.database import Connection
from stream.storage.folding.states import timelines_with_states
from stream.vocabulary import LesionRelation
from tests.database import Database
from tests.services.accepted_facts import accept, assert_sound, checks, day, drug
from tests.services.outlined_visits import Lesion, Visit, arrive, ball, drawing, held

JANUARY = Visit("january", 0, (Lesion("A", 5),))
FEBRUARY = Visit("february", 35, (Lesion("A", 6),))
MARCH = Visit("march", 70, (Lesion("A", 7), Lesion("B", 3)))
MAY = Visit("may", 120, (Lesion("A", 8), Lesion("B", 4)))
VISITS = (JANUARY, FEBRUARY, MARCH, MAY)


@pytest.fixture
def connection(database: Database) -> Connection:
    """A service in which growth maps are drawn."""
    return drawing(database)


def fold(connection: Connection) -> None:
    Reconciler(connection, held()).patients(["P"])


def maps(connection: Connection) -> list[tuple]:
    """What stands of growth maps, bit for bit."""
    return connection.execute(
        """SELECT g.scan_uid, g.lesion_uid, g.horizon_days, g.volume_now, g.volume, g.volume_low, g.volume_high,
          g.outline, g.chance, s.digest, s.state_sha256
        FROM core.growth_maps g JOIN core.states s USING (fold_id, weights_version, scan_uid)
        WHERE g.superseded_by IS NULL ORDER BY g.at, g.lesion_uid, g.horizon_days"""
    ).fetchall()


def drawn(connection: Connection) -> dict[tuple, bytes]:
    """Chances by scan, lesion and day."""
    return {(scan, lesion, days): chance for scan, lesion, days, *_, chance, _, _ in maps(connection)}


def lesions_at(connection: Connection, scan: str) -> set[str]:
    return {lesion for uid, lesion, *_ in maps(connection) if uid == f"P/{scan}"}


def test_a_name_that_means_two_lesions_within_a_visit_means_each_in_its_scan(connection: Connection) -> None:
    arrive(connection, Visit("one", 0, (Lesion("A", 5),), "T1"), Visit("two", 10, (Lesion("A", 8),), "T1"))
    with connection.transaction():
        anew = LesionFact("P", LesionRelation.ANEW, "A", None, day(5).date(), withdrawn=False)
        accept_lesion_fact(connection, anew, "Ada", None, day(20))
    fold(connection)
    volumes = {lesion: volume for _, lesion, _, volume, *_ in maps(connection)}
    assert volumes == {"A": volume_ml(ball(5)), f"A/{day(5).date()}": volume_ml(ball(8))}
    assert_sound(connection, held())


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_arrival_leaves_no_trace(connection: Connection, database: Database, seed: int) -> None:
    arrive(connection, *VISITS)
    accept(connection, drug("P", "temozolomide", 10, 60))
    fold(connection)
    at_once = maps(connection)
    assert len(at_once) == len(HORIZON_DAYS) * 6
    database.empty()
    connection = drawing(database)
    for visit in random.Random(seed).sample(VISITS, len(VISITS)):
        arrive(connection, visit)
        fold(connection)
    accept(connection, drug("P", "temozolomide", 10, 60))
    fold(connection)
    assert maps(connection) == at_once
    assert_sound(connection, held())


def test_a_late_scan_supersedes_the_maps_after_it_and_says_so(connection: Connection) -> None:
    arrive(connection, JANUARY, MAY)
    fold(connection)
    before = drawn(connection)
    arrive(connection, FEBRUARY)
    fold(connection)
    ended = connection.execute(
        "SELECT DISTINCT scan_uid, superseded_because FROM scanstream.growth_map WHERE superseded_at IS NOT NULL"
    ).fetchall()
    assert ended == [("P/may", "late")]
    after = drawn(connection)
    assert after["P/january", "A", 42] == before["P/january", "A", 42]
    assert after["P/may", "A", 42] != before["P/may", "A", 42]


def test_a_rejected_scan_takes_its_maps_with_it(connection: Connection) -> None:
    arrive(connection, *VISITS)
    fold(connection)
    with connection.transaction():
        accept_rejections(connection, [Rejection("P/march", 1, "quality", "Ada")], day(200))
    fold(connection)
    assert lesions_at(connection, "march") == set()
    assert lesions_at(connection, "may") == {"A", "B"}
    assert_sound(connection, held())


def test_what_a_person_says_of_lesions_joins_their_maps(connection: Connection, database: Database) -> None:
    """The lesion of May goes on from that of January once somebody says that they are one."""
    arrive(connection, JANUARY, Visit("may", 120, (Lesion("other name", 8), Lesion("C", 3))))
    fold(connection)
    assert lesions_at(connection, "may") == {"other name", "C"}
    with connection.transaction():
        same = LesionFact("P", LesionRelation.SAME, "other name", "A")
        accept_lesion_fact(connection, same, "Ada", "looked at both", day(121))
    fold(connection)
    assert lesions_at(connection, "may") == {"A", "C"}
    assert_sound(connection, held())
    linked = drawn(connection)
    database.empty()
    connection = drawing(database)
    arrive(connection, JANUARY, Visit("may", 120, (Lesion("A", 8), Lesion("C", 3))))
    fold(connection)
    assert linked == drawn(connection)


def test_a_lesion_that_was_not_outlined_waits_and_one_that_is_gone_has_no_map(connection: Connection) -> None:
    arrive(connection, JANUARY, Visit("march", 70, (Lesion("B", 3),)), Visit("may", 120, (Lesion("A", 0),)))
    fold(connection)
    assert [lesions_at(connection, name) for name in ("january", "march", "may")] == [{"A"}, {"B"}, set()]
    arrive(connection, Visit("june", 150, (Lesion("A", 2), Lesion("B", 3))))
    fold(connection)
    assert lesions_at(connection, "june") == {"A", "B"}
    assert_sound(connection, held())


def test_the_largest_lesions_are_followed_and_no_more(connection: Connection) -> None:
    arrive(connection, Visit("january", 0, tuple(Lesion(f"L{radius}", radius) for radius in (2, 3, 4, 5, 6))))
    fold(connection)
    assert lesions_at(connection, "january") == {"L4", "L5", "L6"}
    (size,) = connection.execute(
        "SELECT octet_length(state) FROM core.states WHERE weights_version = %s", [held()[-1].weights_version]
    ).fetchone()
    assert size == 4 * MOST_LESIONS * BLOCK_NUMBERS


def test_a_replay_draws_the_same_maps_again_in_batches_that_memory_bears(
    connection: Connection, database: Database
) -> None:
    arrive(connection, *VISITS)
    fold(connection)
    before, version = maps(connection), held()[-1].weights_version
    (patient,) = timelines_with_states(connection, [version])
    assert patient.steps == len(VISITS) and patient.weight > 100
    asking = database.connect()
    reconciler = Reconciler(asking, held(), writing=database.connect())
    assert list(replay.replay(asking, reconciler, [patient], [version])) == [len(VISITS)]
    assert maps(connection) == before
    ended = "SELECT DISTINCT superseded_because FROM core.growth_maps WHERE superseded_by IS NOT NULL"
    assert connection.execute(ended).fetchall() == [("replay",)]


def test_a_map_that_is_not_what_the_facts_say_is_named(connection: Connection) -> None:
    arrive(connection, JANUARY)
    fold(connection)
    said = named(connection)
    connection.execute("UPDATE core.growth_maps SET volume = volume * 1.001")
    assert said == [] and any("P/january" in each for each in named(connection))


def named(connection: Connection) -> Sequence[str]:
    return [failure for one in checks(connection, 1e-6, held()) for failure in one.first]
