"""What has come since a fold that this worker knows: where that is scans alone, only they are read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import psycopg

from stream.storage.folding.conventions import Conventions, read_conventions
from stream.storage.folding.findings import findings_of
from stream.storage.folding.timeline_queries import COUNTING, OWN, SCANS_OF, THESE, TimelineScan
from stream.storage.folding.timelines import Heads, read_heads, read_in_full, rows_by_patient, scan_entries
from stream.timeline.entries import Entry, LedgerKey, Timeline, ordered, place
from stream.vocabulary import FactKind

SCAN_NEWS = (
    OWN
    + """SELECT o.root, count(g.fold_id), array_agg(o.scan_uid) FILTER (WHERE g.fold_id IS NULL)
FROM own o JOIN core.revisions r USING (scan_uid)
"""
    + COUNTING
    + """ AND (g.fold_id IS NOT NULL OR EXISTS (
  SELECT FROM core.features f WHERE f.scan_uid = r.scan_uid AND f.revision = r.revision))
GROUP BY 1"""
)
"""Of each timeline how many revisions of scans a fold has seen, and the scans of those that none has."""

OTHER_NEWS = (
    OWN
    + """SELECT m.root FROM members m
WHERE EXISTS (SELECT FROM core.treatments t WHERE t.received_as = m.id AND NOT EXISTS (
    SELECT FROM core.ledger g WHERE g.kind = 'treatment' AND g.id = t.treatment_id AND g.revision = t.revision))
  OR EXISTS (SELECT FROM core.clinical c WHERE c.received_as = m.id AND NOT EXISTS (
    SELECT FROM core.ledger g WHERE g.kind = 'clinical' AND g.id = c.received_as AND g.revision = c.revision))
  OR EXISTS (SELECT FROM core.outcomes c WHERE c.received_as = m.id AND NOT EXISTS (
    SELECT FROM core.ledger g WHERE g.kind = 'outcome' AND g.id = c.outcome_id AND g.revision = c.revision))
  OR EXISTS (SELECT FROM core.lesion_links l WHERE l.received_as = m.id AND NOT EXISTS (
    SELECT FROM core.ledger g WHERE g.kind = 'lesion' AND g.id = l.link_id AND g.revision = l.revision))
UNION ALL SELECT o.root FROM own o JOIN core.rejections j USING (scan_uid) WHERE NOT EXISTS (
    SELECT FROM core.ledger g WHERE g.kind = 'rejection' AND g.id = j.scan_uid || '/' || j.revision
      AND g.revision = j.number)"""
)
"""Timelines with any other fact that no fold has seen."""


def read_on(connection: psycopg.Connection, patients: Iterable[str], known: Mapping[str, Timeline]) -> list[Timeline]:
    """The timelines of `patients` (roots), sorted by id; `known`: as they stood after a fold, with nothing unseen.

    Where the head is still that fold's, only facts can have come. The head is read first, as for any timeline.
    """
    ids = sorted(set(patients))
    heads, conventions = read_heads(connection, ids), read_conventions(connection)
    stand = {each.patient_id: each for each in known.values() if _stands(each, heads, conventions)}
    grown = {each.patient_id: each for each in _grown(connection, stand, heads, conventions)}
    others = [patient_id for patient_id in ids if patient_id not in grown]
    read = {each.patient_id: each for each in read_in_full(connection, others, heads, conventions)}
    return [(grown | read)[patient_id] for patient_id in ids]


def _stands(known: Timeline, heads: Heads, conventions: Conventions) -> bool:
    told_by = {name: getattr(known, name) for name in conventions.of_timelines()}
    return heads.get(known.patient_id, (0, b""))[0] == known.version and told_by == conventions.of_timelines()


def _grown(
    connection: psycopg.Connection, stand: Mapping[str, Timeline], heads: Heads, conventions: Conventions
) -> Iterator[Timeline]:
    """Those of the timelines to which nothing came but scans that are new."""
    if not stand:
        return
    these = {"patients": list(stand)}
    other = {patient_id for (patient_id,) in connection.execute(OTHER_NEWS, these, binary=True)}
    rows = connection.execute(SCAN_NEWS, these, binary=True).fetchall()
    news = {root: (seen, scans or []) for root, seen, scans in rows}
    came = {
        patient_id: scans
        for patient_id, known in stand.items()
        for seen, scans in [news.get(patient_id, (0, []))]
        if patient_id not in other and seen == known.scans_seen and _are_new(scans, known)
    }
    yield from _with_scans(connection, {patient_id: stand[patient_id] for patient_id in came}, came, heads, conventions)


def _with_entries(entries: tuple[Entry, ...], new: Sequence[Entry]) -> tuple[Entry, ...]:
    """In the order of the timeline: mostly the new ones come last."""
    if entries and new and place(entries[-1]) > min(map(place, new)):
        return ordered([*entries, *new])
    return *entries, *ordered(new)


def _are_new(scans: Sequence[str], known: Timeline) -> bool:
    """Whether a timeline has no revision of them, none that was taken down either."""
    return known.taken_down.keys().isdisjoint(scans) and {entry.id for entry in known.entries}.isdisjoint(scans)


def _with_scans(
    connection: psycopg.Connection,
    known: Mapping[str, Timeline],
    came: Mapping[str, Sequence[str]],
    heads: Heads,
    conventions: Conventions,
) -> Iterator[Timeline]:
    """Timelines as they are known, and the scans that came to each."""
    pairs = [(patient_id, uid) for patient_id, scans in came.items() for uid in set(scans)]
    these = {"roots": [root for root, _ in pairs], "scans": [uid for _, uid in pairs]}
    rows = rows_by_patient(connection, THESE + SCANS_OF, these, known, TimelineScan)
    said = findings_of(connection, THESE, these, known)
    for patient_id, timeline in known.items():
        of_patient = rows[patient_id]
        unseen = tuple(
            sorted({LedgerKey(FactKind.SCAN, row.scan_uid, row.revision) for row in of_patient if row.unseen})
        )
        new = scan_entries(of_patient, {}, said[patient_id], conventions)
        entries = _with_entries(timeline.entries, new)
        version, digest = heads[patient_id]
        yield replace(timeline, version=version, fold_digest=digest, entries=entries, unseen=unseen)
