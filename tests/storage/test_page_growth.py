"""Pages of a large cohort: four times the patients are four times the rows to read, and a patient's page the same."""

from collections.abc import Mapping
from typing import Any

from psycopg import sql

from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from stream.storage.reading import cohort_pages, model_page, pages, patient_page, pipeline
from tests.database import Database
from tests.services.accepted_facts import accept, forecasters, lung
from tests.storage.test_worklist import ASKED

FEW, MANY = 25, 100
SIZES_MM = {0: 30.0, 60: 31.0, 120: 29.0}
"""By day: nobody progresses."""
ANYBODY = {"trial": None, "arm": None, "disease": None}
LINE = {**ANYBODY, "line": 1, "criterion": "RECIST 1.1"}
RISK = {**ANYBODY, "endpoint": "progression", "horizon_kind": "days", "horizon_days": 180}
OF_ALL: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "lines of a cohort": (cohort_pages.LINES, LINE),
    "what followed forecasts": (model_page.FOLLOWED, RISK),
    "sizes": (model_page.SIZES, ANYBODY),
    "inputs": (model_page.INPUTS, ANYBODY),
    "service": (pages.SERVICE, {}),
    "throughput": (pipeline.THROUGHPUT, {}),
    "revisions": (pages.REVISIONS, {}),
}
OF_ONE = {
    name: (text, {**ASKED, "patient": "P000"})
    for name, text in patient_page.texts(of_a_moment=False).items()
    if name != "unused"  # imported visits leave nothing unused, and of an empty table any plan is as good
}


def test_no_page_grows_faster_than_the_cohort(database: Database) -> None:
    connection = database.connect()
    reconciler = Reconciler(connection, forecasters())
    few = _read(database, connection, reconciler, range(FEW))
    many = _read(database, connection, reconciler, range(FEW, MANY))
    growth = {name: many[name] / few[name] for name in few}
    of_patient = {name: times for name, times in growth.items() if name in OF_ONE}
    assert {name for name, times in growth.items() if times > 1.5 * MANY / FEW} == set()
    assert {name for name, times in of_patient.items() if times > 1.5} == set()


def _read(database: Database, connection: Connection, reconciler: Reconciler, new: range) -> dict[str, float]:
    """How many rows each query goes through once these patients stand too."""
    patients = [f"P{number:03}" for number in new]
    for on_day, size_mm in SIZES_MM.items():
        accept(connection, *(lung(patient, str(on_day), on_day, size_mm) for patient in patients))
        reconciler.patients(patients)
    owner = database.connect("migrator")
    owner.execute("VACUUM (FULL, ANALYZE)")  # what tests before this one deleted would count as pages of these tables
    found = {name: rows_read(owner, *query) for name, query in OF_ALL.items()}
    owner.execute("SET plan_cache_mode = force_generic_plan")  # a client that asks often has one kept for any values
    found |= {f"{name}, plan for any values": _rows_of_any(owner, *query) for name, query in OF_ALL.items()}
    owner.execute("SET enable_seqscan = off")  # so many rows fit on a few pages, of which an index would have more
    return found | {name: rows_read(owner, *query) for name, query in OF_ONE.items()}


def rows_read(owner: Connection, text: str, values: Mapping[str, Any]) -> float:
    """How many rows a query goes through."""
    query = sql.SQL("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ") + sql.SQL(text)
    rows = owner.execute(query, values).fetchall()
    return _through(rows[0][0][0]["Plan"])


def _rows_of_any(owner: Connection, text: str, values: Mapping[str, Any]) -> float:
    """The same by a plan that was made before the values were known."""
    names = list(values)
    numbered = text % {name: f"${number}" for number, name in enumerate(names, 1)}
    given = sql.SQL(", ").join(sql.Literal(values[name]) for name in names)
    owner.execute(f"PREPARE asked AS {numbered}")
    asked = sql.SQL("asked({})").format(given) if names else sql.SQL("asked")
    rows = owner.execute(sql.SQL("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE ") + asked).fetchall()
    owner.execute("DEALLOCATE asked")
    return _through(rows[0][0][0]["Plan"])


def _through(node: Mapping[str, Any]) -> float:
    """Rows that a step of a plan hands on or leaves out, with all steps below it; at least one."""
    left_out = (node.get(f"Rows Removed by {kind}", 0) for kind in ("Filter", "Join Filter"))
    here: float = node["Actual Loops"] * (node["Actual Rows"] + sum(left_out))
    return 1 + here + sum(_through(part) for part in node.get("Plans", []))
