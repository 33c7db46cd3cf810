"""A line of therapy that a person begins: its own baseline, in the log, no treatment to anybody, and taken back."""

from stream.services.facts.baselines import accept_baseline, is_folded
from tests.database import Database
from tests.services.accepted_facts import assert_sound, day, fold_each, lung

VISITS = [lung("PA", "a", 0, 50.0), lung("PA", "b", 60, 30.0), lung("PA", "c", 120, 33.0)]
LINES = """SELECT line, split_part(scan_uid, '/', 2), sum_of_diameters, baseline_sum FROM scanstream.response
WHERE superseded_at IS NULL ORDER BY line, acquired_at"""


def test_a_logged_baseline_begins_a_line_until_it_is_taken_back(database: Database) -> None:
    connection = database.connect()
    reconciler = fold_each(connection, VISITS)
    one_line = connection.execute(LINES).fetchall()
    risks = connection.execute("SELECT scan_uid, risk FROM scanstream.current_risk ORDER BY 1, 2").fetchall()
    assert accept_baseline(connection, "PA", day(70), False, "someone", "second line", day(71))
    assert not accept_baseline(connection, "PA", day(70), False, "someone", "second line", day(71))
    assert not is_folded(connection, "PA", day(70))
    reconciler.patients(["PA"])
    assert is_folded(connection, "PA", day(70))
    assert connection.execute(LINES).fetchall() == [
        (1, "a", 50, 50),
        (1, "b", 30, 50),
        (2, "b", 30, 30),
        (2, "c", 33, 30),
    ]
    assert connection.execute("SELECT count(*) FROM scanstream.treatments").fetchone() == (0,)
    assert_sound(connection)
    assert accept_baseline(connection, "PA", day(70), True, "someone", "not a new line", day(72))
    reconciler.patients(["PA"])
    assert connection.execute(LINES).fetchall() == one_line
    assert connection.execute("SELECT scan_uid, risk FROM scanstream.current_risk ORDER BY 1, 2").fetchall() == risks
    log = connection.execute("SELECT what, why FROM core.audit WHERE what = 'baseline' ORDER BY seq").fetchall()
    assert log == [("baseline", "second line"), ("baseline", "not a new line")]


def test_what_was_never_said_cannot_be_taken_back(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, VISITS)
    assert not accept_baseline(connection, "PA", day(70), True, "someone", "a slip", day(72))
