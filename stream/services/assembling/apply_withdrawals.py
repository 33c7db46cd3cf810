"""Taking down the revisions that hold a withdrawn instance, and letting them count again when the note has no force."""

import datetime as dt
from collections.abc import Sequence

from stream.services.assembling.completeness import GatheredScan
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.storage.database import Connection
from stream.storage.intake.withdrawals import standing_reasons


def apply_withdrawals(connection: Connection, scans: Sequence[GatheredScan], now: dt.datetime) -> list[str]:
    """Bring the rejections of `scans` into line with what was withdrawn; returns the scans that changed."""
    down = [rejection for scan in scans if (rejection := _taken_down(scan))]
    again = [rejection for scan in scans if scan.undone and (rejection := _counting_again(connection, scan))]
    return accept_rejections(connection, [*down, *again], now)


def _taken_down(scan: GatheredScan) -> Rejection | None:
    """Of the highest revision that holds a withdrawn instance; it takes down the lower ones too."""
    taken = {revision: uids & scan.withdrawn.keys() for revision, uids in scan.made_of.items()}
    revision = max((revision for revision, uids in taken.items() if uids), default=None)
    if revision is None:
        return None
    withdrawals = [scan.withdrawn[uid] for uid in taken[revision]]
    first = min(withdrawals, key=lambda withdrawal: (withdrawal.at, withdrawal.note))
    return Rejection(scan.scan_uid, revision, first.reason, first.by, f"{first.because}: instance {first.note}")


def _counting_again(connection: Connection, scan: GatheredScan) -> Rejection | None:
    """Where the newest revision is whole again, and what stands against it was said by notes without force only."""
    if scan.made_of.get(scan.revision, frozenset()) & scan.withdrawn.keys():
        return None
    standing = standing_reasons(connection, scan.scan_uid, scan.revision)
    undone = {(withdrawal.reason, withdrawal.by): withdrawal for withdrawal in scan.undone}
    if not standing or not undone.keys() >= set(standing):
        return None
    withdrawal = undone[standing[0]]
    why = f"{withdrawal.because}: instance {withdrawal.note} has no force any more"
    return Rejection(scan.scan_uid, scan.revision, withdrawal.reason, withdrawal.by, why, withdrawn=True)
