"""What tests share: a real Postgres and a real Kafka, each started once per session and only if a test needs it."""

import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from stream.endpoints import free_port
from stream.local.embedded import postgres as embedded_postgres
from stream.local.embedded import start_embedded
from stream.local.supervisor import Supervisor
from stream.settings import Settings, load_settings
from tests.database import blank as blank
from tests.database import database as database
from tests.database import upgraded as upgraded
from tests.quick import pytest_addoption as pytest_addoption
from tests.quick import pytest_collection_modifyitems as pytest_collection_modifyitems
from tests.quick import pytest_ignore_collect as pytest_ignore_collect
from tests.slowest import pytest_terminal_summary as pytest_terminal_summary

settings.register_profile("unhurried", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("unhurried")
ELSEWHERE = "elsewhere"
"""What has an address is not started here."""


@pytest.fixture(scope="session")
def service_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a service of this session alone."""
    folder = tmp_path_factory.mktemp("scanstream")
    return load_settings(data_dir=folder, dicom_port=free_port(), dashboard_port=free_port())


@pytest.fixture(scope="session")
def supervisor(service_settings: Settings) -> Iterator[Supervisor]:
    """Holds the session's Postgres and Kafka once they run: `stop` and `start` a part to make bad weather."""
    with Supervisor(service_settings.run) as supervisor:
        yield supervisor


@pytest.fixture(scope="session")
def postgres(service_settings: Settings, supervisor: Supervisor) -> Settings:
    """Settings whose Postgres runs (roles and an empty database); of Kafka they know nothing yet.

    It does not wait for the disk at every commit: what a test ends are processes, never the machine.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(embedded_postgres.FIXED, "fsync", "off")
        start_embedded(supervisor, service_settings.model_copy(update={"kafka_bootstrap_servers": ELSEWHERE}))
    return service_settings


@pytest.fixture(scope="session")
def services(postgres: Settings, supervisor: Supervisor) -> Settings:
    """Settings whose Postgres and Kafka (no topics) run."""
    start_embedded(supervisor, postgres.model_copy(update={"database_url": ELSEWHERE}))
    return postgres


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that skips for want of a tool or of the sample data fails; want of a GPU is no failure."""
    report = yield
    if (
        os.environ.get("CI")
        and report.skipped
        and "GPU" not in str(report.longrepr)
        and not hasattr(report, "wasxfail")
    ):
        report.outcome = "failed"
    return report
