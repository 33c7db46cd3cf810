"""One running service for all journeys but those that break it, and the versions of what they ran on."""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dashboard.browser import browser_page as browser_page
from tests.dashboard.browser import chromium as chromium
from tests.faults.crashing import crashing as crashing
from tests.journey.service import WAIT_SECONDS, Service, running_service
from tests.programs import needs_program

VERSIONS = pytest.StashKey[str]()


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Service]:
    """`scanstream up`, shared: a test looks at its own patients only."""
    with running_service(tmp_path_factory.mktemp("journey"), association_wait_seconds=WAIT_SECONDS) as service:
        request.config.stash[VERSIONS] = _versions(service)
        yield service


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes that share the tests tells the one that prints."""
    if VERSIONS in session.config.stash and hasattr(session.config, "workeroutput"):
        session.config.workeroutput["versions"] = session.config.stash[VERSIONS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Called in the process that prints."""
    if "versions" in getattr(node, "workeroutput", {}):
        node.config.stash[VERSIONS] = node.workeroutput["versions"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say once what the journeys ran on."""
    if VERSIONS in config.stash:
        terminalreporter.write_line(f"journeys ran on {config.stash[VERSIONS]}")


def _versions(service: Service) -> str:
    ((postgres,),) = service.ask("SHOW server_version")
    kafka = next(
        line.split("Kafka version: ")[1].split()[0] for line in service.log("kafka") if "Kafka version: " in line
    )
    dcmtk = subprocess.run([needs_program("storescu"), "--version"], capture_output=True, text=True).stdout.split()[2]
    return f"Postgres {postgres} · Apache Kafka {kafka} · dcmtk {dcmtk}"
