"""Taking down the revisions that hold a withdrawn instance, and letting them count again when the note has no force."""

import datetime as dt
from collections.abc import Sequence

from stream.services.assembling.completeness import Gathered
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.storage.database import Connection


def settle(connection: Connection, scans: Sequence[Gathered], now: dt.datetime) -> list[str]:
    """Bring the rejections of `scans` into line with what was withdrawn; returns the scans that changed."""
    down = [rejection for scan in scans if (rejection := _taken_down(scan))]
    again = [rejection for scan in scans if scan.undone and (rejection := _counting_again(connection, scan))]
    return accept_rejections(connection, [*down, *again], now)


def _taken_down(scan: Gathered) -> Rejection | None:
    """Of the highest revision that holds a withdrawn instance; it takes down the lower ones too."""
    held = {revision: uids & scan.withdrawn.keys() for revision, uids in scan.made_of.items()}
    revision = max((revision for revision, uids in held.items() if uids), default=None)
    if revision is None:
        return None
    first = min((scan.withdrawn[uid] for uid in held[revision]), key=lambda one: (one.at, one.note))
    return Rejection(scan.scan_uid, revision, first.reason, first.by, f"{first.because}: instance {first.note}")


def _counting_again(connection: Connection, scan: Gathered) -> Rejection | None:
    """Where the newest revision is whole again, and what stands against it was said by notes without force only."""
    if scan.made_of.get(scan.revision, frozenset()) & scan.withdrawn.keys():
        return None
    rows = connection.execute(
        "SELECT because, by FROM core.standing_rejections WHERE scan_uid = %s AND revision >= %s",
        [scan.scan_uid, scan.revision],
    ).fetchall()
    said = {(one.reason, one.by): one for one in scan.undone}
    if not rows or not said.keys() >= set(rows):
        return None
    undone = said[rows[0]]
    why = f"{undone.because}: instance {undone.note} has no force any more"
    return Rejection(scan.scan_uid, scan.revision, undone.reason, undone.by, why, withdrawn=True)
