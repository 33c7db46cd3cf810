"""Measurements of one scan to the feature vector x_t that is stored with its timepoint.

The result never depends on the order of the measurements: values are ranked by source and size, sums are exact.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from models.measurement import Measurement

MEASURED_NAMES: tuple[str, ...] = (
    "sum_of_diameters",
    "longest_diameter",
    "short_axis",
    "volume",
    "sphericity",
    "background_parenchymal_enhancement",
)
IMAGE_NAMES: tuple[str, ...] = (
    "relative_attenuation",
    "intensity_entropy",
    "intensity_uniformity",
    "texture_joint_entropy",
    "texture_contrast",
    "texture_inverse_difference",
)
"""The image embedding (models.image)."""
MODALITIES = {"CT": "ct", "MR": "mr", "PT": "pet"}
"""Modalities whose series an encoder reads (models.encoding), by DICOM's word, as features name them."""
EMBEDDING = 4
"""Numbers that an encoder says of a series, each from 0 to 1."""
ENCODED_NAMES = tuple(f"{name}_encoded_{n}" for name in MODALITIES.values() for n in range(1, EMBEDDING + 1))
FEATURE_NAMES = (*MEASURED_NAMES, *IMAGE_NAMES, *ENCODED_NAMES)
MEASUREMENTS, IMAGES, ENCODED = "measurements-1", "images-1", "encoded-1"
NAMES_OF = {MEASUREMENTS: MEASURED_NAMES, IMAGES: (*MEASURED_NAMES, *IMAGE_NAMES), ENCODED: FEATURE_NAMES}
"""The features of each rule. Every scan has the first; the second begins with it, and is there where a lesion's pixels
were; the third begins with both, and is there where an encoder read a series. The feature version of the third names
the encoder, too (`encoded_by`). A model that sees images sees a scan without them by what was measured alone."""
# RECIST 1.1 (Eisenhauer et al., EJC 2009;45:228-247): at most five targets, at most two per organ.
MAX_TARGETS = 5
MAX_TARGETS_PER_SITE = 2
# For the same lesion a report goes before a segmentation, a segmentation before a model.
SOURCES = ("SR", "import", "SEG", "model")

Lesion = Mapping[str, Measurement]


def feature_version_of(names: Collection[str]) -> str:
    """The first rule that gives all of `names`: of FEATURE_NAMES, others are made from what was encoded."""
    return next((version for version, held in NAMES_OF.items() if set(names) <= set(held)), ENCODED)


def encoded_by(weights_version: str) -> str:
    """The feature version of what the encoder with these weights (sha256) says: no other encoder's numbers fit."""
    return f"{ENCODED}:{weights_version[:12]}"


def names_of(feature_version: str) -> tuple[str, ...]:
    """The features of a feature version; none of one that is not known."""
    return NAMES_OF.get(feature_version.partition(":")[0], ())


def as_seen(x: Sequence[float | None], held: str, asked: str) -> Sequence[float | None]:
    """Of stored features `x` of version `held` what a model of the version `asked` sees: numbers of its own encoder."""
    if held == asked or not held.startswith(ENCODED):
        return x
    return x[: len(MEASURED_NAMES if asked.startswith(ENCODED) else NAMES_OF[IMAGES])]


def whole(x: Sequence[float | None]) -> np.ndarray:
    """Stored features of any version as (F,) float64 in the order of FEATURE_NAMES; NaN where missing or not held."""
    known = [math.nan if value is None else value for value in x]
    return np.array(known + [math.nan] * (len(FEATURE_NAMES) - len(known)))


def features(measurements: Sequence[Measurement]) -> np.ndarray:
    """Feature vector (M,) float64 in the order of MEASURED_NAMES; NaN where a value is missing."""
    lesions = _lesions(measurements)
    solid = [lesion for lesion in lesions if not _is_node(lesion)]
    nodes = [lesion for lesion in lesions if _is_node(lesion)]
    values = {
        "sum_of_diameters": sum_of_diameters(measurements),
        "longest_diameter": max(_values(solid, "longest_diameter"), default=None),
        "short_axis": max(_values(nodes, "short_axis"), default=None),
        "volume": _total(_values(lesions, "volume")),
        "sphericity": _of_largest(lesions, "sphericity"),
        "background_parenchymal_enhancement": _only_value(measurements, "background_parenchymal_enhancement"),
    }
    return np.array([math.nan if values[name] is None else values[name] for name in MEASURED_NAMES])


def sum_of_diameters(measurements: Sequence[Measurement]) -> float | None:
    """Sum (mm) of the targets' longest diameters, nodes by short axis; None where it cannot be known.

    A whole-patient value goes first; then targets as marked (None if a marked target lacks its diameter); where
    nothing is marked the five largest, two per named site.
    """
    whole = [m for m in measurements if m.measurement == "sum_of_diameters"]
    if whole:
        return _best(whole).value
    lesions = _lesions(measurements)
    marked = [lesion for lesion in lesions if _mark(lesion) is True]
    if marked:
        diameters = [diameter for lesion in marked if (diameter := _diameter(lesion)) is not None]
        return math.fsum(diameters) if len(diameters) == len(marked) else None
    return _total(_largest(lesion for lesion in lesions if _mark(lesion) is None))


def _largest(lesions: Iterable[Lesion]) -> list[float]:
    """Diameters of the largest lesions that have one; a site without a name is no site and limits nothing."""
    sized = [(diameter, lesion) for lesion in lesions if (diameter := _diameter(lesion)) is not None]
    taken: list[float] = []
    per_site: dict[str, int] = defaultdict(int)
    for diameter, lesion in sorted(sized, key=lambda each: each[0], reverse=True):
        site = next((m.body_site for m in lesion.values() if m.body_site), None)
        if len(taken) == MAX_TARGETS or (site and per_site[site] == MAX_TARGETS_PER_SITE):
            continue
        taken.append(diameter)
        per_site[site or ""] += 1
    return taken


def _lesions(measurements: Iterable[Measurement]) -> list[Lesion]:
    """Each lesion's best measurement of every kind; a size without a lesion is that of the only one."""
    lesions: dict[str, dict[str, list[Measurement]]] = defaultdict(lambda: defaultdict(list))
    for m in measurements:
        if m.measurement not in ("sum_of_diameters", "background_parenchymal_enhancement"):
            lesions[m.lesion_uid or m.lesion_label or ""][m.measurement].append(m)
    return [{name: _best(same) for name, same in lesions[key].items()} for key in sorted(lesions)]


def _best(same: Sequence[Measurement]) -> Measurement:
    """The measurement of the best source, the largest where one source gives several."""
    return min(same, key=lambda m: (SOURCES.index(m.source), -m.value))


def _is_node(lesion: Lesion) -> bool:
    return any(m.node for m in lesion.values())


def _mark(lesion: Lesion) -> bool | None:
    marks = [m.target for m in lesion.values() if m.target is not None]
    return any(marks) if marks else None


def _diameter(lesion: Lesion) -> float | None:
    diameter = lesion.get("short_axis" if _is_node(lesion) else "longest_diameter")
    return diameter.value if diameter else None


def _values(lesions: Iterable[Lesion], measurement: str) -> list[float]:
    return [lesion[measurement].value for lesion in lesions if measurement in lesion]


def _total(values: Sequence[float]) -> float | None:
    return math.fsum(values) if values else None


def _of_largest(lesions: Iterable[Lesion], measurement: str) -> float | None:
    """The measurement of the lesion with the largest volume, by diameter where no volume is known."""

    def size(lesion: Lesion) -> tuple[float, float]:
        volume = lesion.get("volume")
        return (volume.value if volume else -1.0, _diameter(lesion) or -1.0)

    having = [lesion for lesion in lesions if measurement in lesion]
    return max(having, key=size)[measurement].value if having else None


def _only_value(measurements: Iterable[Measurement], measurement: str) -> float | None:
    """The value all agree on; values that differ are masked, not averaged."""
    values = {m.value for m in measurements if m.measurement == measurement}
    return values.pop() if len(values) == 1 else None
