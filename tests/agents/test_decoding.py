"""Messages that cannot be read are set aside, the rest of their batch goes on."""

import datetime as dt
import json
import math

from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stream.agents.decoding import set_aside_unreadable
from stream.messages import Letter
from stream.services.assembling import assembly
from stream.services.facts import patient_events
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring import measurement
from stream.storage.database import Connection
from stream.storage.folding.timelines import resolve
from tests.database import Database
from tests.services.accepted_facts import assert_sound, forecasters

GOOD = Letter("PA", b'{"v": 1, "scan_uid": "2.25.1", "revision": 2}')
BAD = Letter("PA", b"\x00 not json")
OLD = Letter("PA", b'{"v": 7, "scan_uid": "2.25.1", "revision": 2}')


def test_what_cannot_be_read_is_set_aside_and_the_rest_goes_on(database: Database) -> None:
    readable, keep = set_aside_unreadable([BAD, GOOD, OLD], Letter.scan_revision)
    assert readable == [("2.25.1", 2)]
    keep(database.connect())
    shown = "SELECT reason_code, patient_id, decision FROM scanstream.set_aside"
    assert database.connect("reader").execute(shown).fetchall() == [("decode_failed", None, None)] * 2


def test_a_message_that_is_delivered_again_is_the_same_item(database: Database) -> None:
    for _ in range(2):
        _, keep = set_aside_unreadable([BAD, BAD], Letter.scan_revision)
        keep(database.connect())
    assert database.connect().execute("SELECT count(*) FROM core.set_asides").fetchone() == (1,)


ODD = ["", "P", "\x00", "\ud800", "0001-01-01T00:00:00+14:00", "9999-12-31", "9999-12-31T23:00:00-05:00", "x" * 3000]
TEXT = st.sampled_from(ODD) | st.text(max_size=4)
PLAIN = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | TEXT
VALUE = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(TEXT, PLAIN, max_size=2)
FACT = st.fixed_dictionaries(
    {"name": TEXT, "kind": TEXT, "start_at": st.sampled_from(["2025-03-01", *ODD]), "endpoint": TEXT, "event": VALUE},
    optional={"end_at": VALUE, "at": VALUE, "withdrawn": VALUE},
)
MESSAGE = st.fixed_dictionaries(
    {"v": st.just(1), "scan_uid": TEXT, "kind": st.sampled_from(patient_events.KINDS), "received_as": TEXT},
    optional={"revision": VALUE, "scan_uids": st.lists(TEXT) | VALUE, "fact": FACT | VALUE},
)


BELL = {"v": 1, "scan_uid": "s", "revision": 1, "kind": "bell", "received_as": "P"}
DRUG = {"name": "docetaxel", "kind": "drug", "start_at": "2025-03-01"}


@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(MESSAGE, min_size=1, max_size=4))
@example([{**BELL, "scan_uid": "\x00"}])
@example([{**BELL, "scan_uid": "\ud800"}])
@example([{**BELL, "revision": 10**30}])
@example([{**BELL, "revision": True}, BELL])
@example([{**BELL, "kind": "clinical", "fact": {"age": math.nan}}])
@example([{**BELL, "kind": "clinical", "fact": {"\x00": 1}}])
@example([{**BELL, "kind": "treatment", "fact": {**DRUG, "start_at": "9999-12-31T23:00:00-05:00"}}])
@example([{**BELL, "kind": "treatment", "fact": {**DRUG, "end_at": "0001-01-01T00:00:00+14:00"}}])
def test_no_message_whatever_it_holds_brings_a_worker_down(database: Database, messages: list[dict]) -> None:
    """A message that did would be delivered again after the restart, and again."""
    worker = database.connect()
    letters = [Letter("PA", json.dumps(message).encode()) for message in messages]
    now = dt.datetime.now(dt.UTC)
    rules = assembly.Rules(dt.timedelta(0), dt.timedelta(0))
    for read, handle in (
        (Letter.scan_uids, lambda found: assembly.gather(worker, [uid for uids in found for uid in uids], rules, now)),
        (Letter.scan_revision, lambda found: measurement.waiting(worker, found)),
        (Letter.scan_revision, lambda found: resolve(worker, [uid for uid, _ in found])),
        (patient_events.read_event, lambda found: patient_events.accept(worker, found)),
        (patient_events.read_event, lambda found: _fold(worker, found)),
    ):
        readable, keep = set_aside_unreadable(letters, read)
        keep(worker)
        handle(readable)
    worker.close()


def _fold(worker: Connection, events: list[patient_events.PatientEvent]) -> None:
    Reconciler(worker, forecasters()).patients([event.received_as for event in events])
    assert_sound(worker)
