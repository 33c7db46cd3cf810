"""What the rows of a page are made from: scans of made-up patients with what was forecast after them."""

import base64
import hashlib
from dataclasses import dataclass

from stream.measured_scan import SeriesEmbedding, Unused

LUNG_WEIGHTS, BLADDER_WEIGHTS, BREAST_WEIGHTS, SHADOW_WEIGHTS = (
    hashlib.sha256(name.encode()).hexdigest() for name in ("lung", "bladder", "breast", "shadow")
)
MODELS = {
    LUNG_WEIGHTS: "progression",
    BLADDER_WEIGHTS: "progression",
    BREAST_WEIGHTS: "response",
    SHADOW_WEIGHTS: "progression",
}
LEADS = [
    ("progression", "lung", LUNG_WEIGHTS),
    ("size", "lung", LUNG_WEIGHTS),
    ("response", "lung", LUNG_WEIGHTS),
    ("progression", "bladder", BLADDER_WEIGHTS),
    ("pcr", "breast", BREAST_WEIGHTS),
]


def pseudonym(number: int) -> str:
    """A patient_id of the right form: P and 26 base32 characters."""
    return "P" + base64.b32encode(hashlib.sha256(f"patient {number}".encode()).digest()).decode()[:26]


def uid(*parts: object) -> str:
    """A pseudonym UID of the right form."""
    return f"2.25.{int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:16])}"


@dataclass(frozen=True)
class Risk:
    """One forecast of a scan; a `because` says that it no longer stands."""

    endpoint: str
    horizon_days: int | None
    risk: float
    spread: float = 0.06
    because: str | None = None

    @property
    def horizon_kind(self) -> str:
        """`days` where there are days, else the end of treatment."""
        return "days" if self.horizon_days else "end_of_treatment"


@dataclass(frozen=True)
class Sizes:
    """The sums of diameters (mm) forecast after a scan, by days ahead; a `because` says that they no longer stand."""

    by_day: dict[int, float]
    weights: str = LUNG_WEIGHTS
    because: str | None = None


@dataclass(frozen=True)
class Scan:
    """A scan of a patient, `days_ago` before `Rows.now`; `values` are (lesion or None, measurement, value, unit).

    `response`: probabilities of CR, PR, SD and PD. `key_slices`: lesions that have one, and its mm per
    pixel; `outlined_by`: a model, which drew them. `presence`: probabilities of slices where nobody measured a lesion.
    `encoded`: what an encoder said of the series of each modality.
    """

    days_ago: float
    values: tuple[tuple[str | None, str, float, str], ...] = ()
    risks: tuple[Risk, ...] = ()
    disease: str = "lung"
    weights: str | None = LUNG_WEIGHTS
    modality: str = "SR"
    final: bool = True
    status: str = "applied"
    reason: str | None = None
    completeness: str = "single_sr"
    sizes: tuple[Sizes, ...] = ()
    response: tuple[float, float, float, float] | None = None
    unused: tuple[Unused, ...] = ()
    key_slices: tuple[tuple[str, float], ...] = ()
    presence: tuple[float, ...] = ()
    encoded: tuple[SeriesEmbedding, ...] = ()
    outlined_by: str | None = None
