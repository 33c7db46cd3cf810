"""The demonstration as a person sees it: started, looked at, stopped, started again."""

import datetime as dt
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

import stream
from stream.settings import Settings, load_settings
from stream.simulated.cohort import cohort
from stream.storage.database import connect
from tests.waiting import has_ended

PATIENTS = 12
"""Enough for every disease."""
PSEUDONYM = r"P[A-Z2-7]{26} "

WITH_SIZES = "SELECT count(DISTINCT scan_uid) FROM scanstream.size_forecast WHERE superseded_at IS NULL"
ASKED = """SELECT count(*) FILTER (WHERE q.status = 'open'), count(*) FILTER (WHERE q.status <> 'open')
FROM scanstream.visit v JOIN scanstream.endpoint_status q USING (patient_id, line)
WHERE q.endpoint = 'progression' AND q.superseded_at IS NULL AND v.superseded_at IS NULL AND v.visit_id IN (
  SELECT scan_uid FROM scanstream.size_forecast WHERE superseded_at IS NULL)"""
"""Visits in whose line progression is still a question, and visits in whose line it is none any more, or never was."""
LANGUAGE = """SELECT
  count(*) FILTER (WHERE category IS NOT NULL AND line > 1),
  count(*) FILTER (WHERE category = 'PD' AND target_category IN ('SD', 'PR') AND new_lesions > 0),
  count(*) FILTER (WHERE category = 'PD' AND target_category IN ('SD', 'PR') AND non_target_category = 'PD'),
  count(*) FILTER (WHERE category = 'PR' AND line > 1),
  count(*) FILTER (WHERE category = 'CR' AND sum_of_diameters > 0),
  count(*) FILTER (WHERE category = 'NE')
FROM scanstream.response WHERE criterion = 'RECIST 1.1' AND superseded_at IS NULL"""
RETURNED = """SELECT count(*)
FROM scanstream.lesion gone JOIN scanstream.lesion again USING (patient_id, lesion_id, line)
WHERE gone.state = 'gone' AND again.state = 'measured' AND again.acquired_at > gone.acquired_at
  AND gone.superseded_at IS NULL AND again.superseded_at IS NULL"""
AWAITING_SURGERY = """SELECT count(DISTINCT v.visit_id)
FROM scanstream.visit v JOIN scanstream.endpoint_status q USING (patient_id, line)
WHERE q.endpoint = 'pcr' AND q.status = 'open' AND q.superseded_at IS NULL AND v.superseded_at IS NULL"""
"""Visits in whose line the response at surgery is still a question: a second line, as a drug given from the day of a
progression on begins, closes it. Whether the day is the same depends on the weekends, and so on today."""
PROGRESSED = """SELECT count(*) FROM (
  SELECT DISTINCT ON (patient_id) status FROM scanstream.endpoint_status
  WHERE endpoint = 'progression' AND superseded_at IS NULL ORDER BY patient_id, line DESC) latest
WHERE status = 'occurred'"""


class Demo:
    """`scanstream demo` on a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SCANSTREAM_")},
            "XDG_DATA_HOME": str(folder),
            "PYTHONPATH": str(Path(stream.__file__).parents[1]),
        }
        self.folder = folder
        self.settings: Settings = load_settings(data_dir=folder / "scanstream" / "demo")

    def popen(self, *words: str) -> subprocess.Popen[str]:
        """The command at work."""
        return subprocess.Popen(
            [sys.executable, "-m", "stream", "demo", "--patients", str(PATIENTS), *words],
            cwd=self.folder,
            env=self._environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    @contextmanager
    def shown(self) -> Iterator[list[str]]:
        """Everything it prints until it waits for Ctrl-C, which it gets at the end; no process is left then."""
        process = self.popen()
        try:
            told = []
            for line in process.stdout:
                told.append(line.rstrip("\n"))
                if "Ctrl-C stops all" in line:
                    break
            assert process.poll() is None, process.stderr.read()
            below = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
            yield told
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            assert all(map(has_ended, below))
        finally:
            process.kill()
            process.wait()

    def ask(self, query: str) -> list[tuple]:
        """Rows as a reader sees them."""
        with connect(self.settings, "reader") as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def first(demo: Demo) -> dict[str, list]:
    """What the first start showed, and what the database held then."""
    with demo.shown() as told:
        return {
            "told": told,
            "statuses": demo.ask("SELECT status, reason, count(*) FROM scanstream.scan_status GROUP BY 1, 2"),
            "files": demo.ask("SELECT accepted, duplicate, set_aside, pending FROM scanstream.service_status"),
            "endpoints": demo.ask(
                """SELECT endpoint, count(DISTINCT scan_uid) FROM scanstream.risk_history WHERE superseded_at IS NULL
                GROUP BY 1 ORDER BY 1"""
            ),
            "sizes": demo.ask(
                "SELECT count(DISTINCT scan_uid) FROM scanstream.size_forecast WHERE superseded_at IS NULL"
            ),
            "asked": demo.ask(ASKED),
            "surgery": demo.ask(AWAITING_SURGERY),
            "progressed": demo.ask(PROGRESSED),
            "treated": demo.ask("SELECT count(DISTINCT patient_id) FROM scanstream.treatments"),
            "language": demo.ask(LANGUAGE),
            "returned": demo.ask(RETURNED),
            "late": demo.ask("SELECT count(*) FROM scanstream.risk_history WHERE superseded_because = 'late'"),
            "risks": demo.ask("SELECT * FROM scanstream.current_risk ORDER BY 1, 2, 4"),
            "question": demo.ask(
                """SELECT patient_id FROM scanstream.current_risk WHERE endpoint = 'progression'
                AND horizon_days = 180 ORDER BY risk DESC LIMIT 10"""
            ),
        }


def test_every_scan_sent_has_its_forecast_or_the_reason_for_none(demo: Demo, first: dict[str, list]) -> None:
    studies = cohort(PATIENTS, _reference(demo))
    brain = sum(study.patient.disease == "brain" for study in studies)
    breast = sum(study.patient.disease == "breast" for study in studies)
    first_parts = sum(study.region == "thorax" for study in studies)
    ((*_, not_evaluated),) = first["language"]
    visits = len(studies) - first_parts
    assert set(first["statuses"]) == {
        ("applied", None, visits - brain - not_evaluated),
        ("applied", "no model applies", brain + not_evaluated),
        ("applied", "counts with a later scan of the same visit", first_parts),
    }
    ((asked, observed),) = first["asked"]
    ((awaiting,),) = first["surgery"]
    assert first["endpoints"] == [("pcr", awaiting), ("progression", asked)]
    assert 0 < awaiting <= breast
    assert first["sizes"] == [(asked + observed,)] == [(visits - brain - breast - not_evaluated,)]
    assert asked and observed
    assert first["files"] == [(sum(study.instances for study in studies), 0, 0, 0)]
    assert first["treated"] == [(PATIENTS,)]


def test_a_person_sees_every_word_of_recist(first: dict[str, list]) -> None:
    assert all(count > 0 for count in first["language"][0])
    assert first["returned"][0][0] > 0


def test_under_the_answer_it_says_what_became_of_every_patient(demo: Demo, first: dict[str, list]) -> None:
    (said,) = [line for line in first["told"] if line.startswith("Of ")]
    patients, open_, overdue, progressed, died, others = map(int, re.findall(r"\d+", said))
    assert patients == PATIENTS == open_ + progressed + died + others
    open_now = {row[0]: row[-2] for row in first["risks"] if row[1] == "progression"}
    assert (open_, overdue) == (len(open_now), sum(open_now.values()))
    assert (progressed,) == first["progressed"][0]
    dead = {each.patient.number for each in cohort(PATIENTS, _reference(demo)) if each.patient.death_day is not None}
    assert 0 < died <= len(dead)


def test_scans_that_came_late_replaced_forecasts_made_before(first: dict[str, list]) -> None:
    ((superseded,),) = first["late"]
    assert superseded > 0


def test_it_prints_the_dashboards_address_and_the_answer_to_the_first_question(first: dict[str, list]) -> None:
    told = "\n".join(first["told"])
    assert "Dashboard: http://127.0.0.1:" in told
    assert "ORDER BY risk DESC LIMIT 10;" in told
    shown = [line.split()[0] for line in first["told"] if re.match(PSEUDONYM, line)]
    assert [(patient,) for patient in shown] == first["question"]


def test_started_again_it_knows_its_scans_and_sends_none_of_them(demo: Demo, first: dict[str, list]) -> None:
    with demo.shown():
        assert (
            demo.ask("SELECT accepted, duplicate, set_aside, pending FROM scanstream.service_status") == first["files"]
        )
        assert demo.ask("SELECT * FROM scanstream.current_risk ORDER BY 1, 2, 4") == first["risks"]


def test_once_ends_by_itself_and_a_port_in_use_is_replaced(demo: Demo, first: dict[str, list]) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", Settings().dashboard_port))
            taken.listen()
        except OSError:
            pass  # somebody else uses it, which serves as well
        process = demo.popen("--once")
        told, complaint = process.communicate()
    assert process.returncode == 0, complaint
    assert "in use: Dashboard listens on" in told
    assert "Ctrl-C" not in told


def _reference(demo: Demo) -> dt.date:
    return dt.date.fromisoformat((demo.settings.data_dir / "cohort-reference").read_text())
