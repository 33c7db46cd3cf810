"""Which of several numbers is the size of a lesion: what modifiers say of them (TID 300, 310, 311, 1419).

The result is what the standard makes it: the value that is marked as chosen, the maximum of a diameter. A mean, a
minimum, a spread, a total and what is said of other people are none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stream.dicom.reading import concepts
from stream.dicom.reading.codes.standard_codes import context_group
from stream.dicom.reading.concepts import Concept, concept
from stream.dicom.reading.reports.groups import POPULATION, Number
from stream.dicom.reading.reports.items import children, is_named

DERIVATION, SELECTION = ("121401", "DCM"), ("121404", "DCM")
MAXIMUM = ("56851009", "SCT")

STATISTIC = "a mean, minimum, spread or total, not the size itself"
OTHER_PEOPLE = "a value of other people or of a normal range"
NOT_KNOWN = "it is not known how the value was derived"
ANOTHER = "another value of the same measurement is used"
DOUBTFUL = "several values are stated, and which one is the result is not"

_OTHER_PEOPLE = context_group(221, 223, 226, 227) - context_group(7464) | {("260395002", "SCT")}
_STATISTICS = context_group(7464) - {MAXIMUM} | {
    ("122411", "DCM"),  # Threshold Value
    ("371914001", "SCT"),  # Peak to peak
}
_PLAIN = {
    ("371912002", "SCT"),  # Best value
    ("258090004", "SCT"),  # Calculated
    ("414135002", "SCT"),  # Estimated
    ("258104002", "SCT"),  # Measured
    ("258083009", "SCT"),  # Visual estimation
    ("371913007", "SCT"),  # Point source measurement
}
_DIAMETERS = ("longest_diameter", "short_axis")
_PREFERRED = {key: rank for rank, key in enumerate(concepts.MEASUREMENTS)}


def why_no_result(number: Number) -> str | None:
    """Why a number is by its modifiers not the size itself; None where it may be."""
    modifiers = _modifiers(number)
    values = {value.key for _, value in modifiers}
    compared = any(is_named(child, POPULATION) for child in children(number.item))
    if number.group.of_population or values & _OTHER_PEOPLE or (compared and values & _STATISTICS):
        return OTHER_PEOPLE
    if values & _STATISTICS:
        return STATISTIC
    derived = {value.key for name, value in modifiers if name == DERIVATION}
    if MAXIMUM in derived and concepts.MEASUREMENTS[number.name.key] not in _DIAMETERS:
        return STATISTIC
    return NOT_KNOWN if derived - _PLAIN - {MAXIMUM} else None


def _modifiers(number: Number) -> list[tuple[tuple[str, str] | None, Concept]]:
    """Name and value of the codes that stand right below a number."""
    named = [(concept(child, "ConceptNameCodeSequence"), child) for child in children(number.item)]
    coded = [(name.key if name else None, concept(child, "ConceptCodeSequence")) for name, child in named]
    return [(name, value) for name, value in coded if value]


@dataclass(frozen=True)
class Candidate:
    """A number that may be the result, and its value in our unit."""

    number: Number
    value: float


def result(candidates: Sequence[Candidate], measurement: str) -> Candidate | None:
    """The one that counts of all of one lesion and `measurement`, in whatever order they stand; None in doubt."""
    best = min(map(_rank, candidates))
    equal = [candidate for candidate in candidates if _rank(candidate) == best]
    largest = max(equal, key=lambda candidate: candidate.value)
    smallest = min(equal, key=lambda candidate: candidate.value)
    same = largest.value - smallest.value <= largest.value * 1e-6
    return largest if same or measurement in _DIAMETERS else None


def _rank(candidate: Candidate) -> tuple[bool, int, bool]:
    """The smallest counts: chosen by a person or rule, by the best concept, the maximum."""
    modifiers = _modifiers(candidate.number)
    chosen = any(name == SELECTION for name, _ in modifiers)
    maximum = any(value.key == MAXIMUM for _, value in modifiers)
    return not chosen, _PREFERRED[candidate.number.name.key], not maximum
