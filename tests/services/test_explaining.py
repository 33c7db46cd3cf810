"""Why risks moved, told from the views alone: with the numbers that stand, whatever happened to the timeline."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from models.features import FEATURE_NAMES, MEASURED_NAMES
from models.serving.forecaster import load_forecaster
from stream.__main__ import build_app
from stream.errors import AnswerIsNo
from stream.services import leading
from stream.services.explaining import Explanation, explain
from stream.services.folding.reconcile import Reconciler
from stream.settings import PREFIX
from stream.storage.database import Connection
from stream.storage.reading import views
from tests.database import Database
from tests.other_weights import other_weights
from tests.services.accepted_facts import accept, breast, day, drug, fold_each, forecasters, lung
from tests.services.facts.test_identity_events import event, take_effect

Command = Callable[..., Result]
OF_LUNG = [
    lung("PL", "a", 0, 30.0),
    drug("PL", "Docetaxel", 10, 70),
    lung("PL", "b", 42.25, 24.0),
    lung("PL", "c", 90, 28.0),
    ("PL", {"age": 61}),
]
OF_BREAST = [
    breast("PB", "a", 0, 30.0, 40.0),
    drug("PB", "Paclitaxel", 1),
    breast("PB", "b", 21, 12.5, 22.0),
    drug("PB", "Carboplatin", 30),
    breast("PB", "c", 84, 3.0, 9.0),
    ("PB", {"age": 44, "hr": 0, "her2": 1}),
]
HISTORY = """SELECT horizon_kind, horizon_days, risk FROM scanstream.risk_history
WHERE patient_id = %s AND superseded_at IS NULL AND role = 'lead' AND acquired_at = %s"""


def explained(database: Database, patient: str, *others: Path) -> list[Explanation]:
    """By the role that may see views only; `others`: folders of weights beside those that come along."""
    held = [*forecasters(), *(load_forecaster(folder, "cpu") for folder in others)]
    by_version = {one.weights_version: one for one in held}
    reader = database.connect("reader")
    rows = views.current_risk(reader, [patient]), views.timepoints(reader, patient), views.leads(reader)
    return explain(*rows, by_version.__getitem__)


def assert_as_it_stands(database: Database, patient: str, *others: Path) -> None:
    """Risks now, and before, are those of the views, bit for bit, and the parts lead from one to the other."""
    rows = views.current_risk(database.connect("reader"), [patient])
    found = explained(database, patient, *others)
    told = {one[:3]: one[3:] for each in found for one in each.forecasts}
    assert told == {
        (row["endpoint"], row["horizon_kind"], row["horizon_days"]): (row["risk"], row["risk_low"], row["risk_high"])
        for row in rows
    }
    for each in found:
        for one in each.moved:
            assert one.before + sum(part.change for part in one.parts) == pytest.approx(one.now.risk, abs=1e-6)


@pytest.mark.parametrize("facts", [OF_LUNG, OF_BREAST], ids=["lung", "breast"])
def test_an_explanation_is_about_the_numbers_that_stand(database: Database, facts: list) -> None:
    fold_each(database.connect(), facts)
    patient = facts[0].received_as
    assert_as_it_stands(database, patient)
    (found,) = explained(database, patient)
    before = database.connect("reader").execute(HISTORY, [patient, found.before_at]).fetchall()
    assert {(one.now.horizon_kind, one.now.horizon_days, one.before) for one in found.moved} == set(before)
    assert len(found.gates) == 3


def test_of_a_merged_patient_the_facts_of_both_records_are_seen(database: Database) -> None:
    connection = database.connect()
    fold_each(
        connection,
        [
            *OF_BREAST,
            breast("PX", "x", 60, 9.0, 15.0),
            drug("PX", "Pembrolizumab", 50),
            ("PX", {"age": 45, "mammaprint": 1}),
        ],
    )
    take_effect(connection, event("merge", "PX", "PB"))
    assert_as_it_stands(database, "PB")
    last = views.timepoints(database.connect("reader"), "PB")[-1]
    assert last.clinical == {"age": 44, "hr": 0, "her2": 1, "mammaprint": 1}
    assert [each.name for each in last.treatments] == ["Paclitaxel", "Carboplatin", "Pembrolizumab"]


def test_a_scan_sees_of_a_treatment_what_was_known_on_its_day(database: Database) -> None:
    fold_each(database.connect(), OF_LUNG)
    first, second, third = views.timepoints(database.connect("reader"), "PL")
    assert first.treatments == ()
    assert [each.end_at for each in second.treatments] == [None]
    assert [each.end_at is None for each in third.treatments] == [False]


def test_the_features_have_the_names_they_are_stored_by(database: Database) -> None:
    fold_each(database.connect(), OF_BREAST[:1])
    (row,) = views.timepoints(database.connect("reader"), "PB")
    (stored,) = database.connect().execute("SELECT x FROM core.features").fetchone()
    assert [row.x[name] for name in MEASURED_NAMES] == stored
    assert row.x.keys() == set(FEATURE_NAMES)


def test_weights_that_began_to_lead_since_the_earlier_scan_came_are_a_part(database: Database, tmp_path: Path) -> None:
    connection = database.connect()
    fold_each(connection, OF_LUNG[:3])
    old = forecasters()[0].weights_version
    new = promoted(connection, tmp_path)
    accept(connection, OF_LUNG[3])
    Reconciler(connection, [*forecasters(), load_forecaster(tmp_path, "cpu")]).timelines(["PL"])
    assert_as_it_stands(database, "PL", tmp_path)
    (found,) = explained(database, "PL", tmp_path)
    assert (found.before.weights_version, found.forecaster.weights_version) == (old, new)
    assert all(any(part.kind == "weights" for part in one.parts) for one in found.moved)


def promoted(connection: Connection, folder: Path) -> str:
    """Other weights in service, up to date and leading; their version."""
    card = other_weights(folder)
    leading.put_in_service(connection, card, "Ada", None)
    Reconciler(connection, [*forecasters(), load_forecaster(folder, "cpu")]).timelines(["PL"])
    leading.promote(connection, card.weights_sha256, "Ada", None)
    return card.weights_sha256


def test_a_first_scan_is_told_without_parts_and_a_scan_of_another_disease_is_not_one_before(database: Database) -> None:
    fold_each(database.connect(), [breast("PL", "early", 0, 9.0, 20.0), lung("PL", "a", 30, 20.0)])
    by_endpoint = {one.endpoint: one for one in explained(database, "PL")}
    assert by_endpoint.keys() == {"pcr", "progression"}
    assert all(one.moved == () and one.before_at is None and one.forecasts for one in by_endpoint.values())


def test_treatments_are_compared_only_by_a_model_that_sees_them(database: Database) -> None:
    fold_each(database.connect(), [*OF_LUNG, *OF_BREAST])
    (lung_,), (breast_,) = explained(database, "PL"), explained(database, "PB")
    assert lung_.arms == ()
    assert breast_.arms[0].forecasts == breast_.forecasts
    assert len(breast_.arms) == 1 + len(breast_.forecaster.card.arms)


@pytest.fixture
def command(database: Database, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`scanstream explain …` on the database of the test."""

    def run(*words: str) -> Result:
        for name, value in database.settings.environment().items():
            if name.startswith(PREFIX) and os.environ.get(name) != value:
                monkeypatch.setenv(name, value)
        return CliRunner().invoke(build_app(), ["explain", *words])

    return run


def test_the_command_tells_risk_parts_arms_and_what_is_unusual_in_words(database: Database, command: Command) -> None:
    sizes = ((0, 850.0), (42.25, 800.0), (90, 820.0), (1000, 900.0))
    fold_each(database.connect(), [*(lung("PL", f"{day_}", day_, mm) for day_, mm in sizes), *OF_BREAST])
    told = command("PL", "--horizon", "180").stdout
    (found,) = explained(database, "PL")
    moved = found.moved[1]
    assert f"within 180 days: {100 * moved.now.risk:.1f} %" in told
    assert f"after {100 * moved.before:.1f} % at the scan of {day(90):%Y-%m-%d}" in told
    assert all(f"    {part}\n" in told for part in moved.parts)
    assert "sum of diameters 820 → 900 mm: +" in told
    assert "Outside the training data: sum of diameters 900 mm; in the training data 0 to 180 mm." in told
    assert "This model does not see treatments" in told
    assert "within 90 days" not in told
    change, most = moved.now.risk - moved.before, max(moved.parts, key=lambda part: abs(part.change))
    way = "rose" if change > 0 else "fell"
    assert told.splitlines()[-1] == (
        f"  In short: the risk of progression within 180 days {way} by {100 * abs(change):.1f} points, "
        f"most of all by this: {most}."
    )
    assert "gates" not in told
    assert "gates" in command("PL", "--detail").stdout
    of_breast = command("PB").stdout
    assert "By arm (association in the training data, not an effect of treatment):" in of_breast
    assert "T-DM1 + Pertuzumab: at the end of treatment" in of_breast


def test_the_command_prints_the_same_for_scripts(database: Database, command: Command) -> None:
    fold_each(database.connect(), OF_LUNG)
    (told,) = json.loads(command("PL", "--json").stdout)
    (found,) = explained(database, "PL")
    assert [one["risk"] for one in told["moved"]] == [one.now.risk for one in found.moved]
    for one in told["moved"]:
        assert one["before"] + sum(part["change"] for part in one["parts"]) == pytest.approx(one["risk"], abs=1e-6)
    assert [visit["acquired_at"] for visit in told["gates"]] == [day(n).isoformat() for n in (0, 42.25, 90)]
    assert told["outside_training"] == []


def test_the_command_reads_as_whatever_role_a_machine_has_the_password_of(database: Database, command: Command) -> None:
    fold_each(database.connect(), OF_LUNG)
    assert command("PL", "--role", "dashboard").stdout == command("PL").stdout != ""


def test_the_command_says_plainly_what_there_is_not(database: Database, command: Command) -> None:
    fold_each(database.connect(), [OF_LUNG[0]])
    assert "It is the first forecast" in command("PL").stdout
    for words, sentence in (
        (["PZ"], "No patient PZ is known here"),
        (["PL", "--endpoint", "death"], "No forecast of death stands for PL"),
        (["PL", "--horizon", "91"], "No forecast within 91 days stands for PL"),
    ):
        failed = command(*words)
        assert isinstance(failed.exception, AnswerIsNo)
        assert sentence in str(failed.exception)
