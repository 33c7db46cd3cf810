"""Labels of lesions are free text that people type: what could tell who the patient is never leaves the file."""

import re
from dataclasses import dataclass

from pydicom import Dataset

MAX_LABEL = 64
_NAMING = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "OtherPatientNames",
    "OtherPatientIDs",
    "PatientBirthName",
    "PatientMotherBirthName",
    "AccessionNumber",
)
_UID = re.compile(r"\d+(\.\d+){3,}")
SHORTEST = 3  # two letters occur in any word


@dataclass(frozen=True)
class Naming:
    """Words (lower case, letters and digits only) of a dataset that tell who the patient is."""

    words: frozenset[str]

    @classmethod
    def of(cls, dataset: Dataset) -> "Naming":
        """Components of names and IDs, and the birth date in the orders in which dates are written."""
        texts = [str(value) for keyword in _NAMING for value in _values(dataset, keyword)]
        words = {word for text in texts for word in (_plain(text), *re.split(r"[\W_]+", text.casefold()))}
        return cls(frozenset(word for word in words | _dates(dataset) if len(word) >= SHORTEST))

    def appears_in(self, label: str) -> bool:
        """Whether `label` carries one of the words, however it is punctuated, or an original UID."""
        plain = _plain(label)
        return bool(_UID.search(label)) or any(word in plain for word in self.words)


def safe_label(label: str, lesion_uid: str, naming: Naming) -> str:
    """`label`, or `lesion-` + the last six digits of its pseudonym where it could name the patient."""
    label = " ".join(label.split())[:MAX_LABEL]
    return f"lesion-{lesion_uid[-6:]}" if not label or naming.appears_in(label) else label


def safe_site(site: str | None, naming: Naming) -> str | None:
    """`site`, or None where its free wording could name the patient."""
    return None if site is None or naming.appears_in(site) else site[:MAX_LABEL]


def _values(dataset: Dataset, keyword: str) -> list[object]:
    value = dataset.get(keyword)
    return list(value) if isinstance(value, list | tuple) else [value] if value else []


def _dates(dataset: Dataset) -> set[str]:
    digits = _plain(str(dataset.get("PatientBirthDate") or ""))
    year, month, day = digits[:4], digits[4:6], digits[6:8]
    return {digits, day + month + year, month + day + year} if len(digits) == 8 else set()


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())
