"""Every check that `scanstream verify` runs, in its order."""

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

from models.serving.forecaster import Forecaster
from stream.services.measuring.measurement import Measure
from stream.services.verify import acceptance, audit_chain, chains, identifiers, row_hashes, standing_folds
from stream.services.verify.assembled_again import assembled_again
from stream.services.verify.explained_again import explained_again
from stream.services.verify.finding import Finding
from stream.services.verify.measured_again import measured_again
from stream.services.verify.worklist import worklist
from stream.storage.database import Connection
from stream.storage.table_scan import ALL


def check_all(
    connection: Connection,
    vault: Connection,
    path_of: Callable[[str], Path],
    forecasters: Sequence[Forecaster],
    read: Measure,
    assume_disease: str,
    percent: float = ALL,
) -> list[Finding]:
    """A finding for each invariant that rows and files can show; `percent` of them are looked at.

    `vault` is a connection as the vault role, `path_of` tells where the archive has the file of a sha256, `read`
    measures the files of a scan.
    """
    now = dt.datetime.now(dt.UTC)
    return [
        acceptance.files(connection, path_of, percent),
        acceptance.ends(connection, now),
        chains.identity(connection),
        chains.versions(connection),
        *standing_folds.standing_folds(connection, forecasters, percent=percent),
        chains.transactions(connection),
        chains.fold_chain(connection, percent),
        assembled_again(connection, now, percent),
        measured_again(connection, read, assume_disease, percent),
        row_hashes.row_hashes(connection, percent),
        audit_chain.audit_log(connection),
        worklist(connection, percent),
        explained_again(connection, forecasters, percent),
        identifiers.no_identifier(connection, identifiers.originals(vault), percent),
    ]
