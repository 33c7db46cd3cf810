import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import stream

ROOT = Path(stream.__file__).parents[1]
PACKAGES = ("models", "stream", "dashboard", "migrations")
BORDERS = {
    "torch": ("models/",),
    "pydicom": ("stream/dicom/",),
    "pynetdicom": ("stream/dicom/",),
    "highdicom": ("stream/dicom/",),
    "faust": ("stream/app.py", "stream/messages.py", "stream/agents/"),
    "mode": ("stream/app.py", "stream/messages.py", "stream/agents/"),
    "kafka": ("stream/publisher.py",),
    "sqlalchemy": ("stream/storage/", "migrations/"),
    "psycopg": ("stream/storage/", "migrations/"),
    "alembic": ("stream/storage/", "migrations/"),
    "streamlit": ("dashboard/",),
    "altair": ("dashboard/",),
    "optuna": ("models/search.py", "models/search_space.py"),
}
FORBIDDEN = {"pickle", "joblib", "shelve", "dill"}


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (ROOT / package).rglob("*.py")


def imported(file: Path) -> set[str]:
    """Top names of everything `file` imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module)
    return names


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


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("stream/storage/", ("stream.services", "stream.agents", "stream.dicom", "stream.wiring", "dashboard")),
        ("stream/services/", ("stream.agents", "stream.wiring", "dashboard")),
        ("stream/agents/", ("stream.wiring", "dashboard")),
        ("stream/dicom/", ("stream.agents", "stream.wiring", "dashboard")),
        ("dashboard/", ("models", "stream.services", "stream.agents", "stream.dicom", "stream.wiring")),
    ],
)
def test_imports_run_one_way(inner: str, outer: tuple[str, ...]) -> None:
    for package in outer:
        assert not {file for file in users_of(package) if file.startswith(inner)}
