"""Two databases of the session's Postgres, one with a cohort and one with nothing, and pages opened on them."""

import datetime as dt
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard import anew, charts, pulse, queries
from dashboard.shared import Hold
from stream.endpoints import SUPERUSER, database_url, embedded_url, load_endpoints
from stream.settings import PREFIX, Settings, load_settings
from stream.storage.database import connect, upgrade
from stream.storage.roles import ensure_database
from tests.dashboard.browser import browser_page as browser_page
from tests.dashboard.browser import chromium as chromium
from tests.dashboard.cohort import cohort
from tests.dashboard.drawn import checked
from tests.dashboard.stories import facts
from tests.services.accepted_facts import fold_each

APP = Path(dashboard.__file__).with_name("app.py")
MARKS = re.compile(r":[\w-]+\[|\]|\*\*|`")
"""Streamlit's marks for colour and weight: what remains is what a person reads."""

BOXES = [
    "given",
    "lesions",
    "values",
    "reasons",
    "verdicts",
    "standing",
    "parts",
    "facts",
    "history",
    "scans",
    "growth",
    "encoded",
]
BOXES_OF_SLICES = [f"{kind}-{number}" for kind in ("slices", "gates") for number in range(3)]
"""Closed ones of the page Patient: a test sees what is in them as if somebody had opened each."""

Open = Callable[..., AppTest]


@pytest.fixture(scope="session")
def filled(postgres: Settings) -> Settings:
    """Settings of a database with the cohort in it."""
    settings = database(postgres, "dashboard_filled")
    fill(settings)
    return settings


@pytest.fixture(scope="session")
def told(postgres: Settings) -> Settings:
    """Settings of a database with patients whose facts the service folded: verdicts, lines, closed questions."""
    settings = database(postgres, "dashboard_told")
    with connect(settings, "worker") as connection:
        fold_each(connection, facts())
    return settings


@pytest.fixture(scope="session")
def empty(postgres: Settings) -> Settings:
    """Settings of a database in which nothing has arrived."""
    return database(postgres, "dashboard_empty")


SLOW_SECONDS = 10
"""A busy machine may take as long for an answer: that is no outage."""


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """`open_page(settings, "pipeline")`: the page as the dashboard of these settings shows it."""

    monkeypatch.setattr(pulse, "PATIENCE_SECONDS", SLOW_SECONDS)
    monkeypatch.setattr(pulse, "FRESH_SECONDS", 0)
    monkeypatch.setattr(anew, "AFTER_SECONDS", 0)
    monkeypatch.setattr(queries, "COUNTS", Hold(0, 0))
    monkeypatch.setattr(queries, "COHORT", Hold(0, 0))
    monkeypatch.setattr(charts.Drawing, "show", show_checked)
    # AppTest leaves the page there, and processes that are forked later would begin by running it
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])

    def open_(settings: Settings, page: str = "worklist", **query: str) -> AppTest:
        for name, value in settings.environment().items():
            if name.startswith(PREFIX) and os.environ.get(name) != value:
                monkeypatch.setenv(name, value)
        app = AppTest.from_file(APP, default_timeout=60)
        if page != "worklist":
            app.run().switch_page(f"views/{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
        for name in (*BOXES, "unused", *BOXES_OF_SLICES) if page == "patient" else ():
            app.session_state[f"{name}-box"] = True
        shown = app.run()
        assert not shown.exception
        return shown

    return open_


def show_checked(drawing: charts.Drawing, *where: Any, show: Callable[..., None] = charts.Drawing.show) -> None:
    """Here every chart is checked against the schema of Vega-Lite."""
    checked(drawing)
    show(drawing, *where)


def read(page: AppTest) -> str:
    """Every word on the page outside tables, as a person reads it."""
    kinds = ("title", "subheader", "markdown", "caption", "text", "info", "warning", "error", "success")
    words = [element.value for kind in kinds for element in getattr(page, kind)]
    words += [f"{metric.label} {metric.value} {metric.delta}" for metric in page.metric]
    words += [text for row in table_rows(page) for said in row["cells"].values() for text, _ in said]
    return MARKS.sub("", "\n".join(words)).replace("\N{NO-BREAK SPACE}", " ")


def told_table(page: AppTest, title: str) -> pd.DataFrame:
    """The only table in words with this title, every cell as a text."""
    bodies = (each.proto.body.replace("\N{NO-BREAK SPACE}", " ") for each in page.get("html"))
    (table,) = (body for body in bodies if f"<caption>{title}" in body)
    head, *rows = re.findall(r"<tr>(.*?)</tr>", table)
    cells = [[re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row)] for row in rows]
    return pd.DataFrame(cells, columns=re.findall(r"<th.*?>(.*?)</th>", head))


def opened(page: AppTest, *boxes: str) -> AppTest:
    """The page after somebody opened closed boxes, by the names that they have in the code."""
    for name in boxes:
        page.session_state[f"{name}-box"] = True
    return page.run()


def patients(page: AppTest) -> list[str]:
    """The pseudonyms of the worklist from top to bottom."""
    return [row["patient"] for row in table_rows(page)]


def table_rows(page: AppTest) -> list[dict[str, Any]]:
    """The rows of the worklist's table as they are handed to the browser."""
    tables = [table.proto.json for table in page.get("bidi_component") if table.proto.component_name == "worklist"]
    return [row for table in tables for row in json.loads(table)["rows"]]


def fill(settings: Settings) -> None:
    """Write the cohort as of now."""
    with sa.create_engine(database_url(settings)).begin() as connection:
        cohort(dt.datetime.now(dt.UTC)).write(connection)


def database(postgres: Settings, name: str) -> Settings:
    """Settings of a new database of the session's Postgres, migrated and empty."""
    endpoints = load_endpoints(postgres)
    ensure_database(embedded_url(endpoints, SUPERUSER, "postgres"), name, owner="scanstream_migrator")
    passwords = {f"database_password_{role}": word for role, word in endpoints.passwords.items()}
    known = {key: word for key, word in passwords.items() if key in Settings.model_fields}
    settings = load_settings(
        data_dir=postgres.data_dir,
        dashboard_port=postgres.dashboard_port,
        database_url=embedded_url(endpoints, "scanstream_migrator", name),
        **known,
    )
    upgrade(settings)
    return settings
