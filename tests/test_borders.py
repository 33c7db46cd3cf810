import ast
from functools import cache
from pathlib import Path

import pytest

import stream

ROOT = Path(stream.__file__).parents[1]
PACKAGES = ("models", "stream", "dashboard", "migrations")
BORDERS = {
    "torch": ("models/",),
    "pydicom": ("stream/dicom/", "stream/simulated/"),
    "pynetdicom": ("stream/dicom/gateway/",),
    "highdicom": ("stream/dicom/", "stream/simulated/"),
    "faust": ("stream/agents/",),
    "mode": ("stream/agents/",),
    "kafka": ("stream/publisher.py", "stream/kafka_accounts.py", "stream/kafka_messages.py"),
    "sqlalchemy": ("stream/storage/", "migrations/"),
    "psycopg": ("stream/storage/", "migrations/"),
    "alembic": ("stream/storage/", "migrations/"),
    "streamlit": ("dashboard/",),
    "starlette": ("dashboard/serving/",),
    "altair": ("dashboard/",),
    "pyarrow": ("dashboard/charts.py", "dashboard/cohort/saving.py"),
    "vl_convert": ("dashboard/cohort/saving.py",),
    "reportlab": ("dashboard/patient/",),
    "SimpleITK": ("models/growth/registration.py",),
    "optuna": ("models/search.py", "models/training/search_space.py"),
}
FORBIDDEN = {"pickle", "joblib", "shelve", "dill"}


@cache
def sources() -> tuple[Path, ...]:
    return tuple(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))


@cache
def imported(file: Path) -> frozenset[str]:
    """Top names of everything `file` imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module)
    return frozenset(names)


def users_of(library: str) -> set[str]:
    """Files that import `library`, from the repository's root."""
    return {
        file.relative_to(ROOT).as_posix()
        for file in sources()
        if any(name == library or name.startswith(f"{library}.") for name in imported(file))
    }


@pytest.mark.parametrize("library", BORDERS)
def test_each_library_is_imported_in_its_own_folder_only(library: str) -> None:
    strangers = {file for file in users_of(library) if not file.startswith(BORDERS[library])}
    assert not strangers


@pytest.mark.parametrize("library", sorted(FORBIDDEN))
def test_nothing_can_run_code_from_stored_data(library: str) -> None:
    assert not users_of(library)


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        file.relative_to(ROOT).as_posix()
        for file in sources()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }
    assert readers <= {"stream/settings.py"}


def test_the_models_know_nothing_of_the_service() -> None:
    for package in ("stream", "dashboard", "migrations"):
        assert not {file for file in users_of(package) if file.startswith("models/")}


OUTSIDE = ("stream.agents", "stream.wiring", "stream.local", "stream.simulated", "stream.commands", "dashboard")
"""What stands around the service proper and may use all of it."""


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("stream/timeline/", ("stream.storage", "stream.services", "stream.dicom", "stream.archive", *OUTSIDE)),
        ("stream/children/", ("stream.storage", "stream.services", "stream.dicom", "stream.archive", *OUTSIDE)),
        ("stream/archive/", ("stream.storage", "stream.services", "stream.dicom", *OUTSIDE)),
        ("stream/storage/", ("stream.services", "stream.dicom", "stream.archive", *OUTSIDE)),
        ("stream/services/", OUTSIDE),
        ("stream/agents/", ("stream.dicom", *OUTSIDE[1:])),
        ("stream/dicom/", OUTSIDE),
        ("stream/dicom/reading/", ("stream.dicom.gateway", "stream.services", "stream.storage")),
        ("stream/wiring/", ("stream.local", "stream.simulated", "stream.commands", "dashboard")),
        ("dashboard/", ("stream.services", "stream.dicom", "stream.archive", *OUTSIDE[:-1])),
        ("models/serving/", ("models.training", "models.judging", "models.simulation", "models.tables")),
    ],
)
def test_imports_run_one_way(inner: str, outer: tuple[str, ...]) -> None:
    for package in outer:
        assert not {file for file in users_of(package) if file.startswith(inner)}


def test_the_pages_take_of_the_models_only_the_rules_by_which_cards_are_made() -> None:
    pages = (file for file in sources() if file.relative_to(ROOT).parts[0] == "dashboard")
    taken = {name for file in pages for name in imported(file) if name.split(".")[0] == "models"}
    assert taken == {"models.statistics.calibration", "models.statistics.metrics"}


def test_locks_are_asked_for_by_name_in_one_module_only() -> None:
    asking = {file.relative_to(ROOT).as_posix() for file in sources() if "pg_advisory" in file.read_text()}
    assert asking - {"stream/storage/locks.py"} == {file for file in asking if file.startswith("migrations/")}


def test_wiring_constructs_and_does_nothing_else() -> None:
    for file in (ROOT / "stream/wiring").glob("*.py"):
        text = file.read_text()
        calls = {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)}
        assert not calls & {"execute", "executemany", "transaction", "cursor"}, file.name
        assert "SELECT " not in text, file.name


def test_services_know_nothing_of_dicom() -> None:
    for library in ("stream.dicom", "pydicom"):
        assert not {file for file in users_of(library) if file.startswith("stream/services/")}


def test_the_service_starts_the_dashboard_by_its_name_and_knows_nothing_of_it() -> None:
    assert not {file for file in users_of("dashboard") if file.startswith("stream/")}
