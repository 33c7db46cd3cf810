"""Clinical facts and treatments known at a scan, as numbers for a network; NaN where nothing is known."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from models.timepoint import TreatmentInForce

# What a fact may be; anything else is masked, not guessed.
ALLOWED: dict[str, Callable[[float], bool]] = {
    "age": lambda years: 18 <= years <= 110,
    "hr": lambda flag: flag in (0, 1),
    "her2": lambda flag: flag in (0, 1),
    "mammaprint": lambda flag: flag in (0, 1),
}
# Name in the arm's or treatment's text; a text that names none of them says nothing about the arm.
DRUGS = (
    "paclitaxel",
    "carboplatin",
    "neratinib",
    "pembrolizumab",
    "trastuzumab",
    "pertuzumab",
    "t-dm1",
    "mk-2206",
    "amg 386",
    "ganitumab",
    "ganetespib",
)
CLINICAL_NAMES = (*ALLOWED, *DRUGS)


def context(names: Sequence[str], clinical: Mapping[str, object], treatments: Sequence[TreatmentInForce]) -> np.ndarray:
    """Values (C,) float32 for `names`, each a fact of ALLOWED or a drug of DRUGS; NaN = unknown.

    The arm counts as given by the clinical facts, else as the treatments in force.
    """
    arm = str(clinical.get("arm") or "") or " + ".join(t.name for t in treatments if t.days_since_end is None)
    drugs = _drugs_in(arm)

    def value(name: str) -> float:
        if name in ALLOWED:
            return _fact(name, clinical.get(name))
        return float(name in drugs) if drugs else math.nan

    return np.array([value(name) for name in names], dtype=np.float32)


@lru_cache(maxsize=1024)
def _drugs_in(arm: str) -> frozenset[str]:
    """The drugs that the text of an arm names; arms are few and asked for at every scan."""
    return frozenset(drug for drug in DRUGS if drug in arm.lower())


def _fact(name: str, given: object) -> float:
    try:
        value = float(given)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError):
        return math.nan
    return value if ALLOWED[name](value) else math.nan
