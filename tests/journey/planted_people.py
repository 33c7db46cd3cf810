"""People who do not exist, with names in five writings, and all that tells who each of them is."""

import datetime as dt
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

from stream.plain_text import plain

PARTS = {
    "latin": ("Żóra", "Çelik", "Ñuñe", "Škroš", "Ångø", "Łukaš", "Ğölü", "Þóris", "Étien", "Ïşıkl"),
    "cyrillic": ("Щерб", "Жужел", "Фёдор", "Цвета", "Эйхен", "Ющенк", "Ґалаґ", "Ћосић", "Ябло", "Їжак"),
    "greek": ("Παπα", "Θεοδω", "Ξενοφ", "Ψαρρό", "Γιώργ", "Ζωγρά", "Χατζή", "Φωτεί", "Ρήγα", "Μαυρο"),
    "east asian": ("欧阳", "司馬", "諸葛", "田中", "さくら", "カタギ", "김수", "박지", "최은", "王晓"),
    "arabic": ("الخليل", "عبد", "يوسفي", "الطيب", "القاضي", "المصري", "النجار", "شريف", "الحسين", "بغداد"),
}
"""By writing; a family name is two of them, a given name another two."""
FORMS = (
    "{given} {family}",
    "{FAMILY}",
    "{family}, {given}",
    "{mrn}",
    "{mrn}/{family}",
    "{born}",
    "{born:%Y-%m-%d} {given}",
)
"""How somebody types it into a field."""


@dataclass(frozen=True)
class Person:
    """Somebody, and what a careless hand wrote of them."""

    family: str
    given: str
    mrn: str
    birth_date: dt.date
    form: str

    @property
    def name(self) -> str:
        """As DICOM writes it."""
        return f"{self.family}^{self.given}"

    @property
    def written(self) -> str:
        """What stands in a field in which it has no place."""
        born = self.birth_date.strftime("%Y%m%d") if self.form == "{born}" else self.birth_date
        return self.form.format(
            family=self.family, FAMILY=self.family.upper(), given=self.given, mrn=self.mrn, born=born
        )

    @property
    def telling(self) -> frozenset[str]:
        """Texts that may be nowhere, as `plain` writes them; no chance makes them."""
        days = (self.birth_date.strftime(form) for form in ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y"))
        names = [self.family, self.given]
        escaped = [json.dumps(name)[1:-1] for name in names]
        return frozenset(map(plain, [*names, *escaped, self.mrn, *days]))


def people(writing: str, rng: random.Random) -> Iterator[Person]:
    """More and more of them, no two with the same name, ID or birth date."""
    parts = PARTS[writing]
    pairs = [f"{one}{other.lower()}" for one, other in itertools.permutations(parts, 2)]
    rng.shuffle(pairs)
    for number, (family, given) in enumerate(zip(pairs[::2], pairs[1::2], strict=True)):
        mrn = f"{writing[0].upper()}Q{rng.randrange(10**7, 10**8)}"
        born = dt.date(1921, 1, 1) + dt.timedelta(days=rng.randrange(30_000))
        yield Person(family, given, mrn, born, FORMS[number % len(FORMS)])
