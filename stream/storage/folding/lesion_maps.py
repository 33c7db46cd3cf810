"""The outlines of lesions that weights step on which see them."""

from collections.abc import Iterable, Mapping

import psycopg

LesionMaps = Mapping[tuple[str, int], Mapping[str, bytes]]
"""(scan_uid, revision) → lesion as its scan names it → outline, as it is stored."""

NO_MAPS: LesionMaps = {}


def read_lesion_maps(connection: psycopg.Connection, revisions: Iterable[tuple[str, int]]) -> LesionMaps:
    """The outlines in `revisions` of scans; a revision without any is left out."""
    wanted = sorted(set(revisions))
    if not wanted:
        return {}
    rows = connection.execute(
        """SELECT m.scan_uid, m.revision, m.lesion_uid, m.outline FROM core.lesion_maps m
        JOIN unnest(%b::text[], %b::int[]) k(u, r) ON m.scan_uid = k.u AND m.revision = k.r""",
        [list(each) for each in zip(*wanted, strict=True)],
        binary=True,
    ).fetchall()
    maps: dict[tuple[str, int], dict[str, bytes]] = {}
    for scan_uid, revision, lesion_uid, outline in rows:
        maps.setdefault((scan_uid, revision), {})[lesion_uid] = outline
    return maps
