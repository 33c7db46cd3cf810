"""What other systems bring takes a bounded place: every clinical fact that changes writes all of its patient again."""

import json
from collections.abc import Mapping

import pytest

from stream.messages import BadMessage, Letter
from stream.services.facts.patient_events import MOST_BYTES, MOST_KNOWN, accept, read_event
from stream.storage.database import Connection
from tests.database import Database


@pytest.fixture
def worker(database: Database) -> Connection:
    return database.connect()


def letter(fact: Mapping[str, object], patient: str = "PA") -> Letter:
    message = {"v": 1, "kind": "clinical", "received_as": patient, "fact": fact}
    return Letter(patient, json.dumps(message).encode())


def longest(worker: Connection) -> int:
    return worker.execute("SELECT max(length(facts::text)) FROM core.clinical").fetchone()[0]


def test_a_message_that_is_too_large_is_told_so(worker: Connection) -> None:
    with pytest.raises(BadMessage, match="larger than 16,384 bytes"):
        read_event(letter({"arm": "x" * MOST_BYTES}))


def test_ever_new_facts_of_a_patient_are_set_aside_once_there_are_too_many(worker: Connection) -> None:
    letters = [letter({f"fact {number}": "x" * 15_000}) for number in range(6)]
    for one in letters[:3]:
        accept(worker, [read_event(one)])
    kept = accept(worker, [*map(read_event, letters[3:]), read_event(letter({"age": 60}, "PB"))])
    assert [event.received_as for event in kept] == ["PA", "PB"]
    assert 60_000 < longest(worker) < MOST_KNOWN
    rows = worker.execute("SELECT reason_code, reason FROM scanstream.set_aside").fetchall()
    assert [code for code, _ in rows] == ["too_large"] * 2
    assert "65,536 characters" in rows[0][1]


def test_a_fact_that_takes_the_place_of_another_needs_no_more_room(worker: Connection) -> None:
    for number in range(6):
        assert accept(worker, [read_event(letter({"arm": f"{number}" * 15_000}))])
    assert longest(worker) < 2 * MOST_BYTES
