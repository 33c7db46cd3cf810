"""The short form of the random programs; `make faults` runs two thousand."""

from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.database import Database
from tests.random_programs.machine import Programs, Service
from tests.services.accepted_facts import assert_sound

SHORT, STEPS = 12, 50
UNHURRIED = settings(stateful_step_count=STEPS, suppress_health_check=list(HealthCheck),
                     phases=(Phase.explicit, Phase.generate, Phase.shrink), print_blob=True, database=None)  # fmt: skip


def test_whatever_a_random_program_does_what_stands_is_the_fold_of_what_was_accepted(
    database: Database, tmp_path: Path
) -> None:
    Programs.service = Service.of(database, tmp_path)
    run_state_machine_as_test(Programs, settings=settings(UNHURRIED, max_examples=SHORT))
    assert_sound(database.connect(), Programs.service.held)
