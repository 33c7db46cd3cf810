"""Questions that are asked together have the answers that they have one by one, of the same moment."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from stream.storage import database as storage
from stream.storage.database import OtherSchema
from stream.storage.reading import patient_page
from stream.storage.reading.together import ask_planned, ask_together
from tests.database import Database
from tests.services.accepted_facts import drug, fold_each, lung

PATIENT = {"patient": "PL"}


@pytest.fixture
def connection(database: Database) -> Iterator[sa.Connection]:
    fold_each(database.connect(), [lung("PL", "a", 0, 30.0), drug("PL", "Docetaxel", 10), lung("PL", "b", 42, 24.0)])
    reading = storage.engine(database.settings, "dashboard").execution_options(isolation_level="REPEATABLE READ")
    with reading.connect() as connection:
        yield connection


def test_all_tables_of_a_patient_are_what_each_query_alone_gives(connection: sa.Connection) -> None:
    queries = patient_page.texts(of_a_moment=False)
    together = ask_together(connection, queries, PATIENT)
    assert sum(len(answer.rows) for answer in together.values()) > 20
    for name, query in queries.items():
        alone = connection.exec_driver_sql(query, PATIENT)
        assert together[name] == (list(alone.keys()), [tuple(row) for row in alone]), name


def test_what_is_committed_in_between_is_in_no_answer(connection: sa.Connection, database: Database) -> None:
    queries = {"visits": "SELECT * FROM scanstream.visit WHERE patient_id = %(patient)s"}
    before = ask_together(connection, queries, PATIENT)
    fold_each(database.connect(), [lung("PL", "c", 84, 20.0)])
    assert ask_together(connection, queries, PATIENT) == before


def test_of_what_is_to_be_planned_for_its_values_no_plan_is_kept(connection: sa.Connection) -> None:
    asked = [ask_planned(connection, "SELECT %(number)s::integer", {"number": number}) for number in range(12)]
    assert [answer.rows for answer in asked] == [[(number,)] for number in range(12)]
    kept = connection.exec_driver_sql(
        "SELECT count(*) FROM pg_prepared_statements WHERE strpos(statement, 'integer') > 0"
    )
    assert kept.scalar_one() == 0


def test_a_database_of_another_version_is_told_as_such(connection: sa.Connection) -> None:
    with pytest.raises(OtherSchema):
        ask_together(connection, {"one": "SELECT 1", "two": "SELECT none_such FROM scanstream.visit"}, PATIENT)
