"""Migrations are history: what they once did they do for ever, whatever becomes of the code."""

import ast
from pathlib import Path

import pytest

from stream.storage.database import MIGRATIONS

LIVE = ("stream", "models", "dashboard", "tests")
ENTRY = "env.py"
"""Runs the migrations and compares the tables of the code with them, for `alembic check`: it is no history."""
FROZEN = [path for path in sorted(MIGRATIONS.rglob("*.py")) if path.name != ENTRY]


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: path.relative_to(MIGRATIONS).as_posix())
def test_a_migration_imports_no_live_code(path: Path) -> None:
    tree = ast.walk(ast.parse(path.read_text()))
    assert [name for node in tree for name in imported(node) if name.split(".")[0] in LIVE] == []


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: path.relative_to(MIGRATIONS).as_posix())
def test_a_migration_runs_no_file_that_is_edited_later(path: Path) -> None:
    """The files of views/ change with the views; a migration runs a copy that stays as it is."""
    assert "views/" not in path.read_text()


def imported(node: ast.AST) -> list[str]:
    """Modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
