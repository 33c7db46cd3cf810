"""Who patients are said to be: a file that contradicts that is set aside, and a person decides once for all like it.

What is known of a patient is what its first files said, and what a person released beside it. So what is accepted
depends on who came first, and no more than that does: the timeline is a function of the accepted files and of the
decisions, both are kept for ever, and whoever came second waits where a person is told.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from stream.services.accepting.arrivals import DescribedInstance
from stream.services.accepting.likeness import PersonDescription, contradict
from stream.storage.database import Connection
from stream.storage.patients.vault import noted_persons, waiting_doubts


class NotedPersons:
    """What is known of the patients of a batch, kept up to date while its files are decided."""

    def __init__(self, connection: Connection, patients: Sequence[str]) -> None:
        self._persons: dict[str, list[PersonDescription]] = defaultdict(list)
        for patient_id, *person in noted_persons(connection, patients):
            self._persons[patient_id].append(PersonDescription(*person))

    def contradict(self, patient_id: str, vault: Mapping[str, str | None]) -> bool:
        """Whether a file says of its patient what nothing that is known of this one agrees with."""
        known = self._persons[patient_id]
        return bool(known) and all(contradict(each, person_in(vault)) for each in known)

    def note(self, patient_id: str, vault: Mapping[str, str | None]) -> None:
        """Take into account what an accepted file says: it fills in what is not known yet, as the vault does."""
        known, said = self._persons[patient_id], person_in(vault)
        first = known[0] if known else said
        known[:1] = [PersonDescription(*(old or new for old, new in zip(first, said, strict=True)))]


class WaitingDoubts:
    """The doubts that wait for a decision, kept up to date while the files of a batch are decided."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: dict[str, list[tuple[str, PersonDescription]]] = {}

    def join(self, item_id: str, patient_id: str, vault: Mapping[str, str | None]) -> str:
        """The doubt that a file is part of, which is the first item that names the same person; or it begins one."""
        waiting, said = self._about(patient_id), person_in(vault)
        doubt = next((doubt for doubt, person in waiting if not contradict(person, said)), item_id)
        waiting.append((doubt, said))
        return doubt

    def _about(self, patient_id: str) -> list[tuple[str, PersonDescription]]:
        if patient_id not in self._waiting:
            rows = waiting_doubts(self._connection, patient_id)
            self._waiting[patient_id] = [(doubt, PersonDescription(*person)) for doubt, *person in rows]
        return self._waiting[patient_id]


def person_in(vault: Mapping[str, str | None]) -> PersonDescription:
    """Who a file says its patient is."""
    return PersonDescription(vault["name"], vault["birth_date"], vault["sex"])


def doubt_row(item_id: str, patient_id: str, what: DescribedInstance) -> dict[str, str | None]:
    """Row of `vault.doubts` for a file that was set aside."""
    return {"item_id": item_id, "patient_id": patient_id, **person_in(what.vault)._asdict()}
