"""Identifiers planted in every place of the real product, and where they are found afterwards."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stream.dicom.gateway.sender import send
from stream.plain_text import plain
from stream.simulated.synthetic import save
from tests.journey.outside import everything_said
from tests.journey.planted_people import PARTS, Person, people
from tests.journey.planted_places import AE_TITLE, PLACES, title_of
from tests.journey.service import Service


@dataclass(frozen=True)
class Planted:
    """Somebody, where and how she was written, and the files in which she is."""

    place: str
    writing: str
    person: Person
    files: tuple[Path, ...]
    uids: frozenset[str]
    ae_title: str = ""

    @property
    def telling(self) -> frozenset[str]:
        """All that may be found nowhere."""
        return self.person.telling | self.uids | ({plain(self.ae_title)} - {""})


def planted(folder: Path, seed: int, every_writing: bool) -> list[Planted]:
    """In every place somebody of every writing, or of one in turn; what `seed` changes is who they are."""
    rng, writings = random.Random(seed), list(PARTS)
    crowds = {writing: people(writing, rng) for writing in writings}
    return [
        _plant(folder / f"{number}-{writing}", place, writing, next(crowds[writing]))
        for number, place in enumerate(PLACES)
        for writing in (writings if every_writing else [writings[(seed + number) % len(writings)]])
    ]


def _plant(folder: Path, place: str, writing: str, person: Person) -> Planted:
    datasets = PLACES[place](person)
    study = {"StudyInstanceUID": datasets[0].StudyInstanceUID}
    files = []
    for number, dataset in enumerate(datasets):
        dataset.StudyInstanceUID = study["StudyInstanceUID"]
        files.append(save(dataset, folder / f"{number}.dcm"))
    uids = frozenset(one.get(keyword) for one in datasets for keyword in ("StudyInstanceUID", "SOPInstanceUID"))
    return Planted(place, writing, person, tuple(files), uids, title_of(person) if place == AE_TITLE else "")


def all_sent(service: Service, everybody: Sequence[Planted]) -> bool:
    """Send the files of everybody, those of a title under that; whether each was answered with success."""
    files = [file for one in everybody if not one.ae_title for file in one.files]
    port = service.settings.dicom_port
    titled = [
        result.status
        for one in everybody
        if one.ae_title
        for result in send(one.files, "127.0.0.1", port, service.settings.dicom_ae_title, one.ae_title)
    ]
    return service.store(files) == len(files) and not any(titled)


def leaks(texts: Iterable[tuple[str, str]], everybody: Sequence[Planted]) -> list[str]:
    """In which of `texts`, each with where it is from, something of somebody is found, and of which place it was."""
    found = []
    for where, text in texts:
        flat = plain(text)
        found += [
            f"{one.place} in {one.writing}: {told!r} is in {where}"
            for one in everybody
            for told in one.telling
            if told in flat
        ]
    return found


def all_that_is_kept(service: Service) -> Iterator[tuple[str, str]]:
    """Tables and views, messages, logs, and every file of the data folder but those that hold originals."""
    yield from everything_said(service)
    for part in ("run", "kafka"):
        for path in sorted((service.settings.data_dir / part).rglob("*")):
            if path.is_file():
                yield f"{part}/{path.name}", path.read_bytes().replace(b"\0", b"").decode(errors="ignore")
