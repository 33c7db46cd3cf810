"""Meeting a backend at a place of our choosing: it waits for a lock, and the test knows that it does."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from stream.storage.database import Connection
from tests.waiting import wait_until

GATE = 99


@contextmanager
def threads() -> Iterator[Callable[..., Future]]:
    """`start(act, …)` runs `act` in a thread of its own; the future tells its result."""
    with ThreadPoolExecutor() as pool:
        yield pool.submit


@contextmanager
def heads_held(holder: Connection) -> Iterator[None]:
    """While this holds, whoever folds has computed and waits for its first row lock."""
    with holder.transaction():
        holder.execute("SELECT 1 FROM core.heads FOR UPDATE")
        yield


@contextmanager
def gate(owner: Connection, table: str, timing: str = "AFTER") -> Iterator[None]:
    """While this holds, whoever writes to `core.table` waits after (before) each of its statements."""
    owner.execute(f"SELECT pg_advisory_lock({GATE})")
    owner.execute(
        f"""CREATE FUNCTION core.gate() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_lock_shared({GATE}); PERFORM pg_advisory_unlock_shared({GATE}); RETURN NULL; END'"""
    )
    owner.execute(
        f"""CREATE TRIGGER gate {timing} INSERT OR UPDATE ON core.{table} FOR EACH STATEMENT
        EXECUTE FUNCTION core.gate()"""
    )
    try:
        yield
    finally:
        owner.execute(f"SELECT pg_advisory_unlock({GATE})")
        owner.execute(f"DROP TRIGGER gate ON core.{table}")
        owner.execute("DROP FUNCTION core.gate")


def wait_for_waiting(watcher: Connection, *backends: Connection) -> None:
    """Return as soon as each of `backends` waits for a lock; the watcher must be of their role to see it."""
    pids = [backend.info.backend_pid for backend in backends]
    query = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s) AND wait_event_type = 'Lock'"
    wait_until(lambda: watcher.execute(query, [pids]).fetchone()[0] == len(pids))
