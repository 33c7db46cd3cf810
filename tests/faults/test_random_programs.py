"""The long form of the random programs: two thousand, each with its own order of arrival and its own deaths."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import seed as from_seed
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.database import Database
from tests.faults.page import recorded
from tests.random_programs.machine import BY_MODEL, Programs, Service
from tests.random_programs.test_programs import UNHURRIED
from tests.services.accepted_facts import assert_sound, forecasters

SEEDS = (1, 2, 3, 4)
PROGRAMS, AT_ONCE = 500, 25
"""In all, and in one database: then everything in it is verified, and it is emptied."""


@pytest.mark.timeout(7200)
def test_after_every_program_what_stands_is_the_fold_of_what_was_accepted(
    seed: int, times: Callable[[int], int], upgraded: Database, tmp_path: Path
) -> None:
    service = Service.of(upgraded, tmp_path)
    with recorded("random_programs", "programs", seed) as counts:
        for done in _portions(times(PROGRAMS)):
            Programs.service = replace(service, lead=BY_MODEL["progression"], active=list(forecasters()))
            numbered = from_seed(seed * PROGRAMS + done)(Programs)
            run_state_machine_as_test(numbered, settings=settings(UNHURRIED, max_examples=AT_ONCE))
            _count(upgraded, counts)
            assert_sound(upgraded.connect(), Programs.service.held)
            upgraded.empty()


def _portions(programs: int) -> Iterator[int]:
    return iter(range(0, programs, AT_ONCE))


def _count(database: Database, counts: dict[str, object]) -> None:
    """Add what these programs did."""
    connection = database.connect()
    counts["programs"] = counts.get("programs", 0) + AT_ONCE
    for table in ("revisions", "rejections", "treatments", "identity_events", "folds", "states", "forecasts"):
        (count,) = connection.execute(f"SELECT count(*) FROM core.{table}").fetchone()
        counts[table.replace("_", " ")] = counts.get(table.replace("_", " "), 0) + count
