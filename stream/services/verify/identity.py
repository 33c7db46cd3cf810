"""Aliases and assignments against a fold of the identity events, told plainly and apart from what wrote them (I3)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from stream.services.recovery.suspects import refusal_id
from stream.services.verify.finding import Finding
from stream.storage.database import Connection
from stream.vocabulary import IdentityKind, IdentityOutcome


@dataclass
class Belonging:
    """Whom patients were merged into and scans moved to, each with the event that did it."""

    merged: dict[str, tuple[str, int]] = field(default_factory=dict)
    moved: dict[str, tuple[str, int]] = field(default_factory=dict)

    def root(self, patient_id: str) -> str:
        """The patient whose timeline it is."""
        while patient_id in self.merged:
            patient_id = self.merged[patient_id][0]
        return patient_id

    def take(self, seq: int, kind: str, patient_id: str, other_id: str, scan_uid: str) -> IdentityOutcome:
        """Let one event take effect; its outcome."""
        if kind == IdentityKind.MERGE:
            if patient_id in self.merged or self.root(other_id) == patient_id:
                return IdentityOutcome.REFUSED
            self.merged[patient_id] = (other_id, seq)
        elif kind == IdentityKind.UNMERGE:
            if patient_id not in self.merged:
                return IdentityOutcome.REFUSED
            del self.merged[patient_id]
        else:
            self.moved[scan_uid] = (other_id, seq)
        return IdentityOutcome.DONE


KILLERS = "SELECT item_id FROM core.set_asides WHERE reason_code = 'killed_worker'"


def check_identity(finding: Finding, connection: Connection) -> None:
    """Every event has the outcome it must have, in order without a gap; the tables are what they lead to."""
    belonging, waiting = Belonging(), False
    killers = {item_id for (item_id,) in connection.execute(KILLERS)}
    rows = connection.execute(
        "SELECT seq, kind, patient_id, other_id, scan_uid, outcome FROM core.identity_events ORDER BY seq"
    )
    for number, (seq, *event, outcome) in enumerate(rows, start=1):
        waiting = waiting or outcome is None
        killed = not waiting and refusal_id(seq) in killers
        refused = IdentityOutcome.REFUSED if killed else None
        expected = None if waiting else refused or belonging.take(seq, *event)
        finding.check((seq, outcome) == (number, expected), f"identity_events seq={seq}")
    aliases = connection.execute("SELECT patient_id, into_patient_id, seq FROM core.aliases")
    _same(finding, "aliases: that of", belonging.merged, aliases)
    assignments = connection.execute("SELECT scan_uid, patient_id, seq FROM core.assignments")
    _same(finding, "assignments: that of", belonging.moved, assignments)


def _same(
    finding: Finding, what: str, expected: dict[str, tuple[str, int]], rows: Iterable[tuple[str, str, int]]
) -> None:
    stored = {key: (value, seq) for key, value, seq in rows}
    for key in expected.keys() | stored.keys():
        finding.check(expected.get(key) == stored.get(key), f"{what} {key}")
