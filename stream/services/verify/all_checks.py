"""Every check that `scanstream verify` runs, in its order."""

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from models.serving.forecaster import Forecaster
from stream.services.measuring.measurement import Measure
from stream.services.verify import acceptance, audit_chain, chains, identifiers, row_hashes, standing_folds
from stream.services.verify.assembled_again import assembled_again
from stream.services.verify.explained_again import explained_again
from stream.services.verify.finding import Finding
from stream.services.verify.invariants import Invariant
from stream.services.verify.measured_again import measured_again
from stream.services.verify.worklist import worklist
from stream.storage.damage import Damaged, what_is_damaged
from stream.storage.database import Connection
from stream.storage.table_scan import ALL

Check = Callable[[], Sequence[Finding]]


def check_all(
    connection: Connection,
    vault: Connection,
    path_of: Callable[[str], Path],
    forecasters: Sequence[Forecaster],
    read: Measure,
    assume_disease: str,
    percent: float = ALL,
    beside: identifiers.Beside = tuple,
    seen: tuple[int, bytes] | None = None,
) -> list[Finding]:
    """A finding for each invariant that rows and files can show; `percent` of them are looked at.

    `vault` is a connection as the vault role, `path_of` tells where the archive has the file of a sha256, `read`
    measures the files of a scan, `beside` gives the texts of logs and messages, `seen` is
    the row that was seen last in the audit log.
    """
    now = dt.datetime.now(dt.UTC)
    standing = Invariant.REFERENCE_FOLD, Invariant.CHAIN_OF_FACTS, Invariant.REFERENCE_COURSE
    originals = partial(identifiers.originals, vault)
    checks: list[tuple[tuple[Invariant, ...], Check]] = [
        ((Invariant.FILES_KEPT,), lambda: [acceptance.files(connection, path_of, percent)]),
        ((Invariant.ENDS_IN_TIME,), lambda: [acceptance.ends(connection, now)]),
        ((Invariant.ONE_TIMELINE,), lambda: [chains.identity(connection)]),
        ((Invariant.HEAD_VERSIONS,), lambda: [chains.versions(connection)]),
        (standing, lambda: standing_folds.standing_folds(connection, forecasters, percent=percent)),
        ((Invariant.ONE_TRANSACTION,), lambda: [chains.transactions(connection)]),
        ((Invariant.CHAIN_OF_FOLDS,), lambda: [chains.fold_chain(connection, percent)]),
        ((Invariant.ASSEMBLED_AGAIN,), lambda: [assembled_again(connection, now, percent)]),
        ((Invariant.MEASURED_AGAIN,), lambda: [measured_again(connection, read, assume_disease, percent)]),
        ((Invariant.ROW_HASHES,), lambda: [row_hashes.row_hashes(connection, percent)]),
        ((Invariant.AUDIT_CHAIN,), lambda: [audit_chain.audit_log(connection, seen)]),
        ((Invariant.WORKLIST,), lambda: [worklist(connection, percent)]),
        ((Invariant.EXPLAINED_AGAIN,), lambda: [explained_again(connection, forecasters, percent)]),
        ((Invariant.NO_IDENTIFIER,), lambda: [identifiers.no_identifier(connection, originals(), percent, beside)]),
    ]
    return [finding for invariants, check in checks for finding in _checked(connection, invariants, check)]


def _checked(connection: Connection, invariants: Sequence[Invariant], check: Check) -> Sequence[Finding]:
    """What `check` finds; where Postgres cannot read what it asks for, that, and the other checks go on."""
    try:
        return check()
    except Damaged as error:
        found = [Finding.of(invariant) for invariant in invariants]
        for each in found:
            each.check(False, what_is_damaged(connection, error))
        return found
