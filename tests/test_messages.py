"""A message is read strictly: what cannot be understood is named, never guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.messages import BadMessage, Letter
from stream.services.facts.clinical import Outcome, Treatment
from stream.services.facts.patient_events import PatientEvent, read_event
from tests.services.accepted_facts import day


def letter(**fields: object) -> Letter:
    return Letter("PA", json.dumps({"v": 1, **fields}).encode())


def event(kind: str, fact: object = None) -> PatientEvent:
    return read_event(letter(kind=kind, received_as="PA", fact=fact))


def test_a_bell_names_a_scan_and_its_revision() -> None:
    assert letter(scan_uid="2.25.1", revision=3).scan_revision() == ("2.25.1", 3)
    assert letter(scan_uid="2.25.1", instance_uid="2.25.2").scan_uids() == ["2.25.1"]
    assert letter(scan_uids=["2.25.1", "2.25.3"]).scan_uids() == ["2.25.1", "2.25.3"]


def test_fields_that_a_later_version_adds_do_no_harm() -> None:
    assert letter(scan_uid="2.25.1", revision=3, priority="high").scan_revision() == ("2.25.1", 3)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"v": 2}',
        b'{"v": "1"}',
        b"[" * 100_000,
        b"plain text",
        b'{"v": 1, "a": "\\u0000"}',
        b'{"v": 1, "a": "\\ud800"}',
        b'{"v": 1, "a": NaN}',
        b'{"v": 1, "a": 1e999}',
    ],
    ids=lambda value: repr(value[:24]),
)
def test_what_is_no_message_of_ours_is_named(value: bytes) -> None:
    with pytest.raises(BadMessage) as caught:
        Letter(None, value).fields()
    assert len(caught.value.sha256) == 64


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"scan_uid": "2.25.1"},
        {"revision": 1},
        {"scan_uid": 7, "revision": 1},
        *({"scan_uid": "2.25.1", "revision": revision} for revision in ("1", 1.0, True, None, 0, -1, 2**31, 10**30)),
    ],
)
def test_a_bell_without_a_scan_and_a_revision_is_named(fields: dict) -> None:
    with pytest.raises(BadMessage):
        letter(**fields).scan_revision()


@pytest.mark.parametrize("uids", [7, "2.25.1", [7], {"a": 1}])
def test_a_list_of_scans_is_a_list_of_texts(uids: object) -> None:
    with pytest.raises(BadMessage):
        letter(scan_uids=uids).scan_uids()


@given(st.binary(max_size=64))
def test_no_bytes_raise_anything_else(value: bytes) -> None:
    for read in (Letter.fields, Letter.scan_revision, Letter.scan_uids, read_event):
        try:
            read(Letter(None, value))
        except BadMessage as error:
            assert str(error)


def test_a_fact_travels_in_an_event() -> None:
    fact = {"name": "docetaxel", "kind": "drug", "start_at": "2025-03-01T09:30:00+00:00", "end_at": None}
    assert event("treatment", fact).fact == Treatment("PA", "docetaxel", "drug", day(0), None, by_day=False)
    fact = {"endpoint": "progression", "at": "2025-03-01T09:30:00Z", "event": True}
    assert event("outcome", fact).fact == Outcome("PA", "progression", day(0), True)
    assert event("clinical", {"age": 60}).fact == {"age": 60}
    assert event("bell").fact is None


def test_a_treatment_dated_by_day_says_so_by_its_form() -> None:
    fact = {"name": "docetaxel", "kind": "drug", "start_at": "2025-03-01", "end_at": "2025-04-01"}
    assert event("treatment", fact).fact.by_day


@pytest.mark.parametrize(
    ("kind", "fact"),
    [
        ("merge", {}),
        ("treatment", None),
        ("treatment", []),
        ("treatment", {"name": "docetaxel"}),
        ("treatment", {"name": "d", "kind": "drug", "start_at": "soon"}),
        ("treatment", {"name": "d", "kind": "drug", "start_at": 7}),
        ("treatment", {"name": "d", "kind": "drug", "start_at": "9999-12-31T23:00:00-05:00"}),
        ("outcome", {"endpoint": "death"}),
        ("outcome", {"endpoint": "death", "event": True, "at": "13 May"}),
        ("clinical", None),
    ],
)
def test_a_fact_that_is_not_complete_is_named(kind: str, fact: object) -> None:
    with pytest.raises(BadMessage):
        event(kind, fact)
