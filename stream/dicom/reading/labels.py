"""Labels of lesions are free text that people type: what could tell who the patient is never leaves the file."""

import re
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.multival import MultiValue

from models.criteria.organs import ORGANS
from stream.harmless_words import HARMLESS_WORDS
from stream.personal_names import SHORTEST, holds_name, joined
from stream.plain_text import FORMS, UNSPACED, plain, words

MAX_LABEL, LOOKED_AT = 64, 128
"""Characters of a label that are shown, and that are searched: a name may be cut in the middle."""
_NAMES = ("PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName")
_IDS = ("PatientID", "OtherPatientIDs", "AccessionNumber", "PatientBirthDate")
_SURE, _SURE_ID = 4, 6
"""Characters of a part of a name, and of an ID, that no AE title has inside its words by chance."""
_UNSPACED = re.compile(f"[{UNSPACED}]{{2,}}")
_UID = re.compile(r"\d+(\.\d+){3,}")


@dataclass(frozen=True)
class Naming:
    """What of a dataset tells who the patient is: names in all their writings, and IDs as letters and digits only."""

    names: tuple[str, ...]
    ids: frozenset[str]
    whole_ids: frozenset[str]

    @classmethod
    def of(cls, dataset: Dataset) -> "Naming":
        """Names, IDs with their parts, and the birth date in the orders in which dates are written (PS3.3 C.7.1.1)."""
        texts = [text for keyword in _IDS for text in _texts(dataset, keyword)]
        parts = {part for text in texts for part in re.split(r"[\W_]+", plain(text))} - HARMLESS_WORDS
        whole = frozenset([*map(joined, texts), *_dates(dataset)])
        names = tuple(text for keyword in _NAMES for text in _texts(dataset, keyword))
        return cls(names, frozenset(one for one in parts | whole if len(one) >= SHORTEST), whole)

    def appears_in(self, label: str) -> bool:
        """Whether `label`, as far as it can be shown, may carry a name, an ID or an original UID, however written."""
        label = label[:LOOKED_AT]
        together = joined(label)
        return bool(_UID.search(label)) or any(one in together for one in self.ids) or holds_name(label, self.names)

    def is_told_by(self, ae_title: str) -> bool:
        """Whether an AE title has the birth date, a whole ID, or a part of a name, also without a blank beside it.

        Less than that is no reason: a title stands for thousands of files, and CT1 has the initials of many a patient.
        """
        together = joined(ae_title)
        sure = {one for one in self.whole_ids if len(one) >= _SURE_ID}
        return any(one in together for one in sure) or any(_has_part(ae_title, name) for name in self.names)


def safe_label(label: str, lesion_uid: str, naming: Naming) -> str:
    """`label`, or `lesion-` + the last six digits of its pseudonym where it could name the patient."""
    label = " ".join(label.split())
    return f"lesion-{lesion_uid[-6:]}" if not label or naming.appears_in(label) else label[:MAX_LABEL]


def safe_site(site: str | None, naming: Naming) -> str | None:
    """`site`, or None where its free wording could name the patient; our own words are no free wording."""
    if site is None or site in ORGANS:
        return site
    return None if naming.appears_in(site) else site[:MAX_LABEL]


def _has_part(ae_title: str, name: str) -> bool:
    """Whether a part of a name (all its writings) is a word of the title, or a long one anywhere in it."""
    for form in FORMS:
        written, together = form(ae_title), joined(form(ae_title))
        parts = {part for part in re.split(r"[\W_]+", form(name)) if part not in HARMLESS_WORDS}
        if any(len(part) >= SHORTEST and part in words(written) for part in parts):
            return True
        if any((len(part) >= _SURE or _UNSPACED.fullmatch(part)) and part in together for part in parts):
            return True
    return False


def _texts(dataset: Dataset, keyword: str) -> list[str]:
    value = dataset.get(keyword)
    return [str(one) for one in (value if isinstance(value, MultiValue) else [value]) if one]


def _dates(dataset: Dataset) -> set[str]:
    digits = joined(str(dataset.get("PatientBirthDate") or ""))
    year, month, day = digits[:4], digits[4:6], digits[6:8]
    return {digits, day + month + year, month + day + year} if len(digits) == 8 else set()
