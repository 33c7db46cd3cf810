"""Arrays are packed as psycopg packs them, byte for byte, and come back from Postgres as they went."""

import math
from typing import Any

import pytest
from psycopg import adapters
from psycopg.adapt import Transformer
from psycopg.pq import Format

from stream.storage import arrays
from stream.storage.database import Connection
from tests.database import Database

ARRAYS = [
    ("float8", [0.1]),
    ("float8", (5e-324, -0.0, math.inf, 1.7976931348623157e308)),
    ("float8", ((0.1, 2.5, 3.0), (1e-7, 123456.789, -1.0))),
    ("float8", [[1.0], [2.0]]),
    ("float8", (61.0, None, 0.1, None)),
    ("int4", (30, 90, 2**31 - 1, -(2**31))),
]


@pytest.fixture
def connection(database: Database) -> Connection:
    connection = database.connect()
    connection.execute("CREATE TEMP TABLE kept (float8 float8[], int4 int4[])")
    return connection


def as_lists(array: Any) -> Any:
    return [as_lists(each) for each in array] if isinstance(array, tuple | list) else array


@pytest.mark.parametrize(("element", "array"), ARRAYS)
def test_an_array_is_packed_as_psycopg_packs_it(connection: Connection, element: str, array: Any) -> None:
    theirs = Transformer()
    theirs.set_dumper_types([adapters.types[element].array_oid], Format.BINARY)
    arrays.register(connection)
    ours = connection.adapters.get_dumper_by_oid(adapters.types[element].array_oid, Format.BINARY)
    assert ours(type(None), connection).dump(array) == theirs.dump_sequence([as_lists(array)], [Format.BINARY])[0]


@pytest.mark.parametrize(("element", "array"), ARRAYS)
def test_an_array_comes_back_as_it_went(connection: Connection, element: str, array: Any) -> None:
    arrays.register(connection)
    with connection.cursor() as cursor, cursor.copy(f"COPY kept ({element}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types([f"{element}[]"])
        copy.write_row([array])
    assert connection.execute(f"SELECT {element} FROM kept").fetchone() == (as_lists(array),)
