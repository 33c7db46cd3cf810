"""No original identifier outside vault, spool and archive (I9): whole words in whatever columns can hold text."""

import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import islice

from models.measurement import UNITS
from stream import vocabulary
from stream.harmless_words import HARMLESS_WORDS
from stream.kafka_messages import NotRead
from stream.plain_text import FORMS, spaced
from stream.services.verify.finding import Finding
from stream.services.verify.invariants import Invariant
from stream.services.verify.text_search import WordSearch
from stream.storage import schema
from stream.storage.database import Connection
from stream.storage.table_scan import ALL, each, each_text

AT_ONCE = 300_000
"""Spellings looked for in one pass over the tables: some 100 MB of them in memory."""
TEXTS = 20_000
"""Texts searched at a time."""
TELLING = 6
"""Bytes; shorter identifiers, such as a patient ID of '12', are found everywhere by chance."""
LONGEST_COUNT = 8
"""Digits; a shorter number in a log or a message is any number."""
Beside = Callable[[], Iterable[tuple[str, Iterator[str]]]]
"""Places that are no tables, and what is said there; asked for again and again."""
_RECEIPT = re.compile(r"^\d{20}-[0-9a-f]{8}$", re.MULTILINE)  # eight digits of chance may be anybody's


def no_identifier(
    connection: Connection, originals: Iterable[str], percent: float = ALL, beside: Beside = tuple
) -> Finding:
    """I9: no name, birth date, hospital ID or original UID is found in any text outside the vault.

    Numbers of clinical facts may be IDs that somebody sent so; those of model cards are seeds, and look like days.
    `beside` gives what is no table.
    """
    finding = Finding.of(Invariant.NO_IDENTIFIER)
    waiting = iter(originals)
    while batch := list(islice(waiting, AT_ONCE)):
        wanted = telling(batch)
        for table in schema.metadata.sorted_tables:
            if table.schema == schema.SCHEMA:
                texts = each_text(connection, table, percent, with_numbers=table is schema.clinical)
                held = held_in(texts, wanted)
                finding.fail_each(len(wanted), (f"{table.name} holds an original identifier" for _ in held))
        _look_beside(finding, beside, [one for one in wanted if _is_no_count(one)])
    return finding


def _look_beside(finding: Finding, beside: Beside, wanted: list[str]) -> None:
    try:
        for where, texts in beside():
            held = held_in(texts, wanted)
            finding.fail_each(len(wanted), (f"{where} holds an original identifier" for _ in held))
    except NotRead as error:
        finding.check(False, f"{error}: what lies there was not looked at.")


def _is_no_count(original: str) -> bool:
    """Logs are full of short numbers: of processes, ports, offsets, milliseconds."""
    digits = original.replace(" ", "")
    return not digits.isdecimal() or len(digits) >= LONGEST_COUNT


def originals(vault: Connection) -> Iterator[str]:
    """All originals in the vault, in the ways in which people write them; needs the vault role."""
    people = """SELECT mrn, name, birth_date FROM vault.patients
    UNION ALL SELECT '', name, birth_date FROM vault.doubts"""
    for row in each(vault, people, {}):
        yield from spellings(**row)
    for row in each(vault, "SELECT study_instance_uid FROM vault.scans", {}):
        yield row["study_instance_uid"]


def spellings(mrn: str, name: str | None, birth_date: str | None) -> Iterator[str]:
    """The ways in which people write who a patient is."""
    yield mrn
    yield from _names(name or "")
    yield from _dates(birth_date or "")


def telling(originals: Iterable[str]) -> list[str]:
    """Those that are long enough and not made of words that rows say anyhow, as words between blanks."""
    words = {spaced(original) for original in originals}
    long = (one for one in words if len(one.strip().encode()) >= TELLING)
    return sorted(one for one in long if not _OUR_WORDS.issuperset(one.split()))


def held_in(texts: Iterator[str], wanted: list[str]) -> set[str]:
    """Which of `wanted` (made by `telling`) are whole words of any of `texts`."""
    search = WordSearch(wanted)
    held: set[str] = set()
    while chunk := list(islice(texts, TEXTS)):
        lines = "\n".join(text.replace("\n", " ") for text in chunk)
        held |= search.occurring(spaced(_RECEIPT.sub("", lines)))
    return held


def _names(written: str) -> Iterator[str]:
    """A name in each of its writings (PS3.5 6.2), there the given name first too, and with umlauts written out or not.

    Texts are looked at in one form alone, so that the name comes in all.
    """
    for form in FORMS:
        for group in form(written).split("="):
            family, *given = group.split("^")
            yield " ".join([family, *given])
            yield " ".join([*given, family])


def _dates(day: str) -> Iterator[str]:
    """An ISO date as it is, in one number, day first and month first."""
    year, month, date = day[:4], day[5:7], day[8:]
    yield from (day, year + month + date, f"{date}.{month}.{year}", f"{month}/{date}/{year}")


def _our_words() -> frozenset[str]:
    """What rows say in the words of the service, and of lesions, whoever may be called so."""
    enums = (kind for kind in vars(vocabulary).values() if isinstance(kind, type) and issubclass(kind, StrEnum))
    said = [word for enum in enums for word in enum]
    return HARMLESS_WORDS.union(spaced(" ".join([*said, *UNITS])).split())


_OUR_WORDS = _our_words()
