"""Rows on their way to the transaction that writes them."""

import pytest

from stream.storage import schema
from stream.storage.folding import staging
from stream.storage.hashing import later_sha256, row_sha256
from tests.database import Database
from tests.services.accepted_facts import day

SIZE = {
    "fold_id": 1,
    "weights_version": "w",
    "scan_uid": "s",
    "patient_id": "PA",
    "disease": "lung",
    "revision": 1,
    "at": day(0),
    "lesion_uid": None,
    "measurement": "sum_of_diameters",
    "horizon_days": [42, 90_000],
    "level": [0.5, 0.8, 0.95],
    "value": [0.1 + 0.2, 1 / 3],
    "value_low": [[0.0, 5e-324, 1e-7], [-0.0, 2.0, 3.0]],
    "value_high": [[1e300, 1e22, 123456.789], [33.30000000000001, 4.0, 5.0]],
    "superseded_by": 1,
    "superseded_because": "occurred",
}
"""Numbers whose last bits a careless way would lose."""


@pytest.mark.parametrize("locked", [False, True])
def test_a_row_arrives_to_the_bit_whether_it_is_sent_before_the_locks_or_under_them(
    database: Database, locked: bool
) -> None:
    connection = database.connect()
    staging.prepare(connection)
    sent = {**SIZE, "row_sha256": row_sha256(schema.size_forecasts, SIZE)}
    sent["later_sha256"] = later_sha256(schema.size_forecasts, sent)
    stands = dict.fromkeys(("superseded_by", "superseded_because", "later_sha256"))
    with connection.transaction():
        staging.send_rows(connection, schema.size_forecasts, [sent, {**sent, **stands, "fold_id": 2}], locked)
        query = "SELECT * FROM new_size_forecasts ORDER BY fold_id"
        found = connection.execute(query, binary=True)
        names = [column.name for column in found.description]
        first, second = (dict(zip(names, row, strict=True)) for row in found)
    assert repr(first) == repr({name: sent[name] for name in names})  # repr: 0.0 is not -0.0
    assert second == {**first, **stands, "fold_id": 2}
    assert row_sha256(schema.size_forecasts, first) == sent["row_sha256"]
