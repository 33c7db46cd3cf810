"""The audit log cannot be cut at its end, or written anew, without anybody noticing: not by its owner either."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from stream.archive.audit_witness import AuditWitness
from stream.endpoints import libpq_url
from stream.services.verify.audit_chain import audit_log
from stream.services.witnessing import Witnessing
from stream.storage import audit
from stream.storage.database import Connection
from tests.database import Database

CUTS = {
    "its last row": "DELETE FROM core.audit WHERE seq = (SELECT max(seq) FROM core.audit)",
    "all of it": "TRUNCATE core.audit",
    "all of it, and its numbers": "TRUNCATE core.audit RESTART IDENTITY",
}


@pytest.fixture
def worker(database: Database) -> Connection:
    """Three things were done."""
    worker = database.connect()
    did(worker, 3)
    return worker


@pytest.fixture
def owner(database: Database) -> Iterator[psycopg.Connection]:
    """The migrator, without the trigger that keeps others from it."""
    with psycopg.connect(libpq_url(database.settings, "migrator"), autocommit=True) as owner:
        owner.execute("ALTER TABLE core.audit DISABLE TRIGGER ALL")
        yield owner
        owner.execute("ALTER TABLE core.audit ENABLE TRIGGER ALL")


def did(worker: Connection, times: int) -> None:
    for number in range(times):
        audit.record(worker, "somebody", "did", f"thing {number}", "because")


def failures(worker: Connection, witness: AuditWitness) -> list[str]:
    return audit_log(worker, witness.last()).first


@pytest.mark.parametrize("cut", CUTS)
def test_whoever_cuts_the_log_is_noticed_for_good(
    worker: Connection, owner: psycopg.Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture, cut: str
) -> None:
    witness = AuditWitness(tmp_path)
    witnessing = Witnessing(witness)
    witnessing.look(worker)
    assert failures(worker, witness) == []
    seq = witness.last()[0]
    owner.execute(CUTS[cut])
    assert audit_log(worker).failed == 0, "the rest is a chain all the same"
    for _ in range(3):
        did(worker, 2)
        witnessing.look(worker)
        assert failures(worker, witness) == [f"audit seq={seq} was seen at the end and is gone or another"]
    assert [record.getMessage() for record in caplog.records] == [f"audit_log_cut seq={seq}"]


def test_a_log_that_grows_is_witnessed_as_it_grows(worker: Connection, tmp_path: Path) -> None:
    witness = AuditWitness(tmp_path)
    for _ in range(3):
        Witnessing(witness).look(worker)
        assert witness.last() == audit.last_link(worker)
        did(worker, 2)
        assert failures(worker, witness) == []


def test_without_an_archive_nothing_else_stops(
    worker: Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "audit").write_text("no folder")
    witnessing = Witnessing(AuditWitness(tmp_path))
    witnessing.look(worker)
    witnessing.look(worker)
    assert [record.getMessage().split()[0] for record in caplog.records] == ["audit_log_not_witnessed"]
