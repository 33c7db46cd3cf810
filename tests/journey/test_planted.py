"""Who a patient is stays in vault, spool and archive, wherever somebody wrote it."""

import json
import random
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browser import PATIENCE_MS
from tests.journey.planted import Planted, all_sent, all_that_is_kept, leaks, planted
from tests.journey.planted_people import PARTS, people
from tests.journey.planted_tables import tables, tables_with
from tests.journey.service import WAIT_SECONDS, Service, running_service

SEED = 1


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service in which nobody else is written of."""
    with running_service(tmp_path_factory.mktemp("planted"), association_wait_seconds=WAIT_SECONDS) as service:
        yield service


@pytest.fixture(scope="module")
def everybody(own: Service, tmp_path_factory: pytest.TempPathFactory) -> list[Planted]:
    """Those who were sent through all of it."""
    everybody = planted(tmp_path_factory.mktemp("files"), SEED, every_writing=False)
    assert all_sent(own, everybody)
    own.settle()
    return everybody


@pytest.fixture(scope="module")
def in_tables(own: Service, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Planted], str]:
    """Those who were written of in tables, and what the command said of them."""
    rng = random.Random(SEED + 1)
    ours = [Planted("tables", writing, next(people(writing, rng)), (), frozenset()) for writing in PARTS]
    folder = tmp_path_factory.mktemp("tables")
    said = own.command("import", str(tables(folder, [one.person for one in ours])), "--json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["left_out"] == ["clinical.csv address", "clinical.csv remarks"]
    refused = [
        own.command("import", str(tables_with(folder / f"{one.writing} {column}", column, one.person)))
        for one, column in zip(ours, ("disease", "arm", "trial", "arm", "disease"), strict=True)
    ]
    assert [ended.returncode for ended in refused] == [2] * len(refused)
    own.settle()
    return ours, "".join(ended.stdout + ended.stderr for ended in (said, *refused))


def test_nothing_that_was_sent_tells_who_somebody_is(own: Service, everybody: list[Planted]) -> None:
    assert {one.writing for one in everybody} == set(PARTS)
    known = {mrn for (mrn,) in own.ask("SELECT mrn FROM vault.patients", role="vault")}
    assert known >= {one.person.mrn for one in everybody if one.place != "date that cannot be"}
    assert leaks(all_that_is_kept(own), everybody) == []


def test_nothing_that_tables_say_tells_who_somebody_is(own: Service, in_tables: tuple[list[Planted], str]) -> None:
    ours, said = in_tables
    assert leaks([*all_that_is_kept(own), ("the command's answer", said)], ours) == []


def test_no_page_tells_who_somebody_is(
    own: Service, everybody: list[Planted], in_tables: tuple[list[Planted], str], browser_page: Page
) -> None:
    frames: list[tuple[str, str]] = []
    browser_page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(told(frame))))
    labelled = next(one for one in everybody if one.place == "label of a lesion")
    ids = [own.patient(one.person.mrn) for one in (labelled, in_tables[0][0])]
    for path in ("", "cohort", "pipeline", "models", *(f"patient?patient={patient_id}" for patient_id in ids)):
        browser_page.goto(f"http://127.0.0.1:{own.settings.dashboard_port}/{path}")
        app = browser_page.get_by_test_id("stApp")
        expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE_MS)
    assert all(any(patient_id in text for _, text in frames) for patient_id in ids)
    assert leaks(frames, [*everybody, *in_tables[0]]) == []


def test_verify_says_so_too(own: Service, everybody: list[Planted], in_tables: tuple[list[Planted], str]) -> None:
    assert own.verify()["I9"] > len(everybody)


def told(frame: str | bytes) -> tuple[str, str]:
    """What a page was sent: texts among bytes."""
    return "a page", frame if isinstance(frame, str) else frame.decode(errors="ignore")
