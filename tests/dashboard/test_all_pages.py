import subprocess
import sys

import psutil
import pytest

from dashboard import queries
from dashboard.shared import Hold
from stream.endpoints import load_endpoints
from stream.local.embedded import postgres
from stream.local.supervisor import Supervisor
from stream.settings import Settings
from tests.dashboard.cohort import GROWING
from tests.dashboard.conftest import Open, read
from tests.waiting import wait_until

PAGES = ("worklist", "patient", "cohort", "pipeline", "models")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_research_use_only(filled: Settings, open_page: Open, page: str) -> None:
    assert "Research use only." in read(open_page(filled, page, patient=GROWING))


def test_while_postgres_is_away_every_page_says_so_in_a_sentence_and_goes_on_when_it_is_back(
    filled: Settings,
    service_settings: Settings,
    supervisor: Supervisor,
    open_page: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = {page: open_page(filled, page, patient=GROWING) for page in PAGES}
    monkeypatch.setattr(queries, "COHORT", Hold(0, 60))  # what is known of everybody is no reason to seem well
    supervisor.stop("postgres")
    try:
        for page in shown.values():
            assert [error.value[:43] for error in page.run().error] == ["The database does not answer at the moment."]
            assert not page.exception
            assert not page.metric
    finally:
        supervisor.start(postgres.part(service_settings.data_dir, load_endpoints(service_settings)))
    for page in shown.values():
        wait_until(lambda page=page: not page.run().error)
        assert page.title


def test_a_restart_that_nobody_saw_is_no_outage(
    filled: Settings, service_settings: Settings, supervisor: Supervisor, open_page: Open
) -> None:
    page = open_page(filled)
    supervisor.stop("postgres")
    supervisor.start(postgres.part(service_settings.data_dir, load_endpoints(service_settings)))
    assert not page.run().error


def test_a_frozen_database_is_told_and_not_waited_for(
    filled: Settings, supervisor: Supervisor, open_page: Open
) -> None:
    page = open_page(filled)
    server = psutil.Process(supervisor.pid("postgres"))
    frozen = [server, *server.children(recursive=True)]
    for process in frozen:
        process.suspend()
    try:
        assert [error.value[:43] for error in page.run().error] == ["The database does not answer at the moment."]
    finally:
        for process in reversed(frozen):
            process.resume()
    wait_until(lambda: not page.run().error)


def test_the_pages_load_no_network_library() -> None:
    load = (
        "import sys, dashboard.live, dashboard.patient_chart, dashboard.serving.launch; print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", load], capture_output=True, text=True).stdout == "False\n"
