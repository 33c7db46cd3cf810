"""Who is meant by the name of a patient who was merged into another one: a hospital goes on using both."""

import pytest

from stream.errors import WrongUse
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.folding.reconcile import Reconciler
from stream.storage.patients.vault import keep_patients
from stream.terminal.questions import find_patient, find_timeline, find_timelines
from tests.database import Database
from tests.services.accepted_facts import apply_identity, fold_each, forecasters, lung

FIRST, SECOND, THIRD = (f"P{name:A<26}" for name in ("FIRST", "SECOND", "THIRD"))


@pytest.fixture
def merged(database: Database) -> Database:
    """4711 came from two issuers, as FIRST and SECOND; SECOND was merged into THIRD (4713), and that into FIRST."""
    connection = database.connect()
    fold_each(connection, [lung(patient, patient, 0, 20.0) for patient in (FIRST, SECOND, THIRD)])
    person = {"name": None, "birth_date": None, "sex": None}
    ids = ((FIRST, "NORTH", "4711"), (SECOND, "SOUTH", "4711"), (THIRD, "", "4713"))
    rows = [{"patient_id": patient, "issuer": issuer, "mrn": mrn, **person} for patient, issuer, mrn in ids]
    keep_patients(database.connect("gateway"), rows)
    for patient, into in ((SECOND, THIRD), (THIRD, FIRST)):
        accept_identity(
            connection, IdentityEvent(f"{patient} again", "merge", patient, into, None, "anna", "one person")
        )
        apply_identity(connection, Reconciler(connection, forecasters()))
    return database


@pytest.mark.parametrize("typed", ["4713", SECOND, SECOND.lower(), "PSECO", THIRD])
def test_what_is_asked_of_the_old_name_is_answered_by_the_timeline_that_holds_its_scans(
    merged: Database, typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert find_timeline(merged.settings, typed) == FIRST
    assert f"its scans count with {FIRST}." in capsys.readouterr().err


def test_two_ids_of_one_person_are_one_answer(merged: Database) -> None:
    assert find_timelines(merged.settings, "4711") == [FIRST]


def test_where_one_id_is_of_two_patients_each_is_named_with_its_issuer(merged: Database) -> None:
    with pytest.raises(WrongUse) as refused:
        find_patient(merged.settings, "4711")
    assert str(refused.value).splitlines()[1:] == [f"  {FIRST} (NORTH)", f"  {SECOND} (SOUTH)"]


def test_the_old_name_itself_can_be_said_where_the_merge_is_taken_back(merged: Database) -> None:
    assert find_patient(merged.settings, SECOND) == SECOND
