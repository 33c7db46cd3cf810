"""Reading a scan with everything accepted for it, and what others say of its instances."""

from collections.abc import Sequence
from dataclasses import replace

from stream.services.assembling.completeness import GatheredScan
from stream.services.assembling.withdrawals import in_force, withdrawals
from stream.storage.database import Connection
from stream.storage.intake import assembly, instances
from stream.storage.intake.withdrawals import Withdrawal


def gathered(connection: Connection, scan_uids: Sequence[str]) -> list[GatheredScan]:
    """Those of `scan_uids` of which something was accepted; who makes revisions of them holds their locks."""
    arrivals = assembly.arrivals(connection, scan_uids)
    accepted = assembly.instances(connection, scan_uids)
    made_of = assembly.revision_instances(connection, scan_uids)
    scans = [
        GatheredScan(
            arrival.scan_uid,
            arrival.received_as,
            accepted[arrival.scan_uid],
            arrival.revision,
            made_of.get(arrival.scan_uid, {}),
            arrival.last_received_at,
            arrival.open_associations,
            arrival.last_closed_at,
            dated=arrival.dated,
        )
        for arrival in arrivals
        if arrival.scan_uid in accepted
    ]
    return _with_relations(connection, scans)


def _with_relations(connection: Connection, scans: Sequence[GatheredScan]) -> list[GatheredScan]:
    """`scans` with what their instances have to do with others: what takes them back, what they refer to elsewhere."""
    everything = withdrawals(connection, sorted(uid for scan in scans for uid in scan.instance_uids))
    force = in_force(everything)
    standing = {(withdrawal.note, withdrawal.takes) for withdrawal in force}
    undone = [withdrawal for withdrawal in everything if (withdrawal.note, withdrawal.takes) not in standing]
    elsewhere = instances.existing(connection, {uid for scan in scans for uid in scan.references_elsewhere})
    return _with_dates(connection, [_related(scan, force, undone, elsewhere) for scan in scans])


def _with_dates(connection: Connection, scans: Sequence[GatheredScan]) -> list[GatheredScan]:
    """`scans` with the dates of images that they refer to, where no image of their own counts."""
    undated = [scan for scan in scans if not any(instance.kind == "image" for instance in scan.counting)]
    images = {uid for scan in undated for instance in scan.instances for uid in instance.referenced}
    dates = instances.image_dates(connection, images)
    return [replace(scan, image_dates=dates) for scan in scans]


def _related(
    scan: GatheredScan, force: Sequence[Withdrawal], undone: Sequence[Withdrawal], elsewhere: frozenset[str]
) -> GatheredScan:
    own = scan.instance_uids
    return replace(
        scan,
        elsewhere=elsewhere - own,
        # of several that take the same instance back the first one says why
        withdrawn={withdrawal.takes: withdrawal for withdrawal in reversed(force) if withdrawal.takes in own},
        undone=tuple(withdrawal for withdrawal in undone if withdrawal.takes in own),
    )
