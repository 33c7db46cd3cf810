"""Which of several readings that one report holds is used: by reader and by session (TID 1002, 1501)."""

from collections.abc import Iterable
from dataclasses import dataclass

from stream.dicom.reading.reports.groups import Group


@dataclass(frozen=True)
class Session:
    """One reader's pass over a scan; empty where the report does not tell readers or passes apart."""

    reader: str
    name: str

    def includes(self, group: Group) -> bool:
        """Whether a group is of it, or does not say of which it is."""
        return group.reader in ("", self.reader) and group.session in ("", self.name)


def last_reading(groups: Iterable[Group]) -> Session:
    """Of the reader who observed last, the last session; names decide between equals."""
    every = list(groups)
    reader = max((group for group in every if group.reader), key=_rank, default=Group()).reader
    own = (group for group in every if group.session and group.reader in ("", reader))
    return Session(reader, max(own, key=_rank, default=Group()).session)


def _rank(group: Group) -> tuple[str, int, str, str]:
    """Sessions are numbers written as text: 10 comes after 9."""
    return group.observed_on, len(group.session), group.session, group.reader
