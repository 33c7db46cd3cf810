"""`migrations/views/` is the current text of every view and function: what the migrations end with equals it."""

import re
from graphlib import TopologicalSorter
from pathlib import Path

from stream.storage.database import MIGRATIONS
from tests.database import Database
from tests.migrations.catalogue import definitions

FOLDER = MIGRATIONS / "views"
FILES = sorted(FOLDER.glob("*.sql"))
CREATES = re.compile(r"^CREATE OR REPLACE (VIEW|FUNCTION) ([a-z_]+\.[a-z_]+)", re.MULTILINE)
WORDS = re.compile(r"--.*|'[^']*'")
"""Comments, and sentences for people."""


def test_every_file_says_one_view_or_function_and_bears_its_name() -> None:
    assert FILES
    for file in FILES:
        assert [name.split(".")[1] for _, name in CREATES.findall(file.read_text())] == [file.stem]


def test_a_migrated_database_has_the_views_and_functions_of_the_files(database: Database) -> None:
    owner = database.connect("migrator")
    migrated = definitions(owner)
    with owner.transaction(force_rollback=True):
        for thing in migrated:
            kind, name = thing.split(" ", 1)
            if kind in ("view", "function"):
                owner.execute(f"DROP {kind} IF EXISTS {name} CASCADE")
        assert definitions(owner) == {}
        owner.execute("SET LOCAL check_function_bodies = off")  # they may call what is made after them
        for file in in_order(FILES):
            owner.execute(file.read_text())
        assert definitions(owner) == migrated


def in_order(files: list[Path]) -> list[Path]:
    """`files`, each after those whose view or function its text names, but for what it only says in words."""
    names = {file: CREATES.findall(file.read_text())[0][1] for file in files}
    texts = {file: WORDS.sub("", file.read_text()) for file in files}
    return list(
        TopologicalSorter(
            {
                file: [other for other, name in names.items() if other != file and re.search(rf"\b{name}\b", text)]
                for file, text in texts.items()
            }
        ).static_order()
    )
