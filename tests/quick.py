"""`--quick`: only the tests that need no service, no browser, no sample data and little time."""

from pathlib import Path

import pytest

NEEDS = frozenset({"supervisor", "service", "ispy2", "brain"})
"""Fixtures that start Postgres, Kafka or a service, or unpack sample data: whoever uses one of them is left out."""
FOLDERS = ("tests/journey/", "tests/faust_rows/")
"""Every test there runs a service of its own."""
SLOW = (
    "tests/agents/test_watchdog.py",
    "tests/dashboard/test_all_pages.py",
    "tests/dicom/gateway/test_bounds.py",
    "tests/dicom/gateway/test_conformance.py",
    "tests/dicom/gateway/test_durability.py",
    "tests/dicom/gateway/test_fuzz.py",
    "tests/dicom/gateway/test_receiver.py",
    "tests/dicom/reading/test_makers.py",
    "tests/local/test_doctor.py",
    "tests/local/test_embedded.py",
    "tests/local/test_supervisor.py",
    "tests/models/explaining/",
    "tests/models/growth/test_cohort.py",
    "tests/models/growth/test_registration.py",
    "tests/models/growth/test_stepping.py",
    "tests/models/growth/test_weights.py",
    "tests/models/judging/test_baselines.py",
    "tests/models/judging/test_second_lines.py",
    "tests/models/judging/test_tripod.py",
    "tests/models/serving/test_forecaster.py::test_every_timeline_gets_a_sane_answer",
    "tests/models/serving/test_stack.py",
    "tests/models/serving/test_stepping.py::test_zeroing_the_stored_state_costs_auc_on_real_patients",
    "tests/models/serving/test_weights.py",
    "tests/models/simulation/test_second_lines.py",
    "tests/models/test_evaluate.py",
    "tests/models/test_progression.py",
    "tests/models/test_response.py",
    "tests/models/test_search.py",
    "tests/models/test_serving_alone.py",
    "tests/models/test_survival.py",
    "tests/models/training/",
    "tests/protocol/",
    "tests/test_cli.py",
    "tests/test_compose.py",
    "tests/wiring/test_forwarding.py",
)
"""Files and tests of a second or more on two quiet cores: they train, start processes or wait."""

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only what needs no service and little time")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What is left out as a whole is not even read."""
    if not config.getoption("--quick") or not collection_path.is_relative_to(ROOT):
        return None
    name = collection_path.relative_to(ROOT).as_posix() + ("/" if collection_path.is_dir() else "")
    return True if name in FOLDERS + SLOW else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--quick"):
        return
    left_out = [
        item for item in items if NEEDS & set(getattr(item, "fixturenames", ())) or item.nodeid.startswith(SLOW)
    ]
    config.hook.pytest_deselected(items=left_out)
    gone = set(left_out)
    items[:] = [item for item in items if item not in gone]
