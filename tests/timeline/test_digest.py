"""A value read back from Postgres hashes as it did when it was written."""

import datetime as dt
import json
import json.encoder
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.timeline import digest as digesting
from stream.timeline.digest import canonical, digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_what_went_through_json_hashes_the_same(value: object) -> None:
    assert digest(json.loads(json.dumps(value))) == digest(value)


@given(JSON)
def test_the_hashed_text_is_what_json_itself_writes(value: object) -> None:
    assert canonical(value).decode() == json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def test_the_encoder_made_once_is_the_one_that_json_makes_for_every_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """`c_make_encoder` is undocumented: where json of another Python calls it otherwise, this must be looked at."""
    calls: list[tuple[object, ...]] = []
    assert type(digesting._ENCODE) is json.encoder.c_make_encoder
    monkeypatch.setattr(json.encoder, "c_make_encoder", lambda *args: calls.append(args) or (lambda *_: ()))
    digesting._encoder()
    options = {"separators": (",", ":"), "ensure_ascii": False, "sort_keys": True, "check_circular": False}
    json.dumps({}, default=digesting._plain, **options)
    ours, theirs = calls
    assert ours == theirs


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_a_moment_hashes_the_same_in_every_zone(moment: dt.datetime) -> None:
    if dt.datetime(1900, 1, 1, tzinfo=dt.UTC) < moment < dt.datetime(2200, 1, 1, tzinfo=dt.UTC):
        assert digest(moment.astimezone(zoneinfo.ZoneInfo("Asia/Kathmandu"))) == digest(moment)


def test_moments_a_microsecond_apart_differ() -> None:
    moment = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)
    assert digest(moment) != digest(moment + dt.timedelta(microseconds=1))


def test_the_order_of_keys_does_not_count_and_the_order_of_parts_does() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest("a", "b") != digest("b", "a")


@pytest.mark.parametrize(
    ("one", "other"), [(("ab",), ("a", "b")), ((None,), ("null",)), ((1,), ("1",)), ((True,), (1,)), (([],), ())]
)
def test_different_parts_are_never_taken_for_each_other(one: tuple, other: tuple) -> None:
    assert digest(*one) != digest(*other)


def test_bytes_count_as_bytes_whatever_holds_them() -> None:
    assert digest(b"\x00\xff") == digest(memoryview(b"\x00\xff")) == digest(bytearray(b"\x00\xff"))


def test_the_form_that_is_hashed_never_changes() -> None:
    """Digests live in databases for years: this very text is what they were made of."""
    parts = ["scan", "2.25.7", 1, dt.datetime(2025, 3, 1, tzinfo=dt.UTC), None, 0.1, {"ä": True}, b"\x01"]
    assert canonical(parts).decode() == '["scan","2.25.7",1,1740787200000000,null,0.1,{"ä":true},"01"]'


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError, match="set has no canonical form"):
        digest({1, 2})
