"""A database whose files were damaged on the disk: `verify` says which, what to do, and checks the rest."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from stream.endpoints import load_endpoints
from stream.errors import CannotStart
from stream.local.embedded import postgres as embedded
from stream.local.supervisor import Supervisor
from stream.services.verify.all_checks import check_all
from stream.services.verify.finding import Finding
from stream.settings import Settings
from stream.storage.damage import damage_found
from stream.terminal.questions import ask
from tests.database import Database
from tests.services.accepted_facts import accept, fold_each, forecasters, lung
from tests.services.verify.test_all_checks import nothing_measured

NOISE = bytes(range(256))


@contextmanager
def damaged(postgres: Settings, supervisor: Supervisor, database: Database, relation: str) -> Iterator[None]:
    """Within the context the first page of `relation` is another on the disk than it was written."""
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute("CHECKPOINT")
        (path,) = superuser.execute("SELECT pg_relation_filepath(%s)", [relation]).fetchone()
    file = postgres.data_dir / "postgres" / path
    before = file.read_bytes()
    _restart(postgres, supervisor, lambda: file.write_bytes(before[:4000] + NOISE + before[4000 + len(NOISE) :]))
    try:
        yield
    finally:
        database.close()
        _restart(postgres, supervisor, lambda: file.write_bytes(before))


def _restart(postgres: Settings, supervisor: Supervisor, change: Callable[[], object]) -> None:
    supervisor.stop("postgres")
    change()
    supervisor.start(embedded.part(postgres.data_dir, load_endpoints(postgres)))


def found(database: Database, tmp_path: Path) -> dict[str, Finding]:
    connection, vault = database.connect(), database.connect("vault")
    findings = check_all(connection, vault, tmp_path.joinpath, forecasters(), nothing_measured, "")
    return {finding.invariant: finding for finding in findings}


@pytest.mark.parametrize(
    ("relation", "says"),
    [
        ("core.folds", "The table core.folds is damaged (invalid page in block 0 of relation"),
        ("core.folds_pk", "make it anew with REINDEX INDEX core.folds_pk"),
    ],
)
def test_a_damaged_relation_is_named_with_what_to_do_and_the_other_checks_go_on(
    postgres: Settings, supervisor: Supervisor, database: Database, tmp_path: Path, relation: str, says: str
) -> None:
    scan = lung("PA", "first", 0, 30.0)
    connection = database.connect()
    accept(connection, scan)
    fold_each(connection, [scan])
    database.close()
    with damaged(postgres, supervisor, database, relation):
        findings = found(database, tmp_path)
        failed = {name for name, each in findings.items() if each.failed}
        assert "I7 folds" in failed and not failed & {"I1", "audit"}
        assert all(says in "".join(findings[name].first) for name in failed)
        looked = damage_found(database.connect())  # at tables alone
        assert (looked or "").startswith(says) == ("table" in says)
        with pytest.raises(CannotStart, match="is damaged"):
            ask(database.settings, "worker", lambda asked: asked.execute("SELECT * FROM core.folds ORDER BY fold_id"))
    assert not any(each.failed for each in found(database, tmp_path).values())
