"""A small cohort with everything the pages must be able to show: 36 patients of three diseases."""

import datetime as dt
import math
import random

from stream.measured_scan import SeriesEmbedding, Unused
from tests.dashboard.rows import Rows
from tests.dashboard.scans import BLADDER_WEIGHTS, BREAST_WEIGHTS, SHADOW_WEIGHTS, Risk, Scan, Sizes, pseudonym, uid

MARKUP = "<script>alert('x')</script> **bold** [link](http://x) $x^2$"
SQL = "Robert'); DROP TABLE core.forecasts;--"
GROWING, LATE, NEW_DISEASE, BREAST, BRAIN, GONE = (pseudonym(number) for number in (0, 8, 9, 24, 32, 12))
MARKED, UNTOLD, PICTURED = pseudonym(11), pseudonym(34), pseudonym(33)
NO_LONGER, IN_THE_SHADOW = 777.0, 888.0
"""Patients that tests ask for: growth, a late scan, two diseases, breast, brain, one cured, markup in a treatment, one
whose disease nobody says, five scans with pictures and markup in a lesion's label.

Sizes (mm) that no page may show: superseded, and of weights that do not lead.
"""


def cohort(now: dt.datetime) -> Rows:
    """24 lung, 8 breast and 3 brain patients, one still under way, and what was set aside."""
    rows = Rows(now)
    for number in range(24):
        rows.patient(pseudonym(number), _lung(number, random.Random(number)))
        _treatments(rows, number)
    for number in range(24, 32):
        rows.patient(pseudonym(number), _breast(number))
        rows.treatment(pseudonym(number), "Paclitaxel + pembrolizumab", "drug", 150 + number, 70 + number)
    for number in range(32, 35):
        rows.patient(pseudonym(number), _brain(number))
    waiting = Scan(0.52, status="measuring", modality="CT", completeness="quiet", final=False, weights=None)
    failed = Scan(0.8, status="set_aside", modality="CT", completeness="quiet", reason=MARKUP, weights=None)
    rows.patient(pseudonym(35), [failed, waiting])
    _set_asides(rows)
    return rows


def _lung(number: int, random_: random.Random) -> list[Scan]:
    """Growth for even numbers, response for odd ones; a missed and an unread visit, a late scan, a new lesion."""
    rate = (0.0042 if number % 2 == 0 else -0.0035) * random_.uniform(0.4, 1.4)
    scans, age = [], 420 + 5 * number
    for visit in range(6):
        age -= random_.choice([42, 44, 49, 56]) * (2 if visit == 3 and number % 5 == 0 else 1)
        scans.append(_lung_scan(number, visit, age, rate, random_))
    return scans


def _lung_scan(number: int, visit: int, age: int, rate: float, random_: random.Random) -> Scan:
    elapsed = visit * 45
    first, second = 38 * math.exp(rate * elapsed), 17 * math.exp(0.6 * rate * elapsed)
    if pseudonym(number) == GONE and visit >= 4:
        second = 0.0
    values = [("Left upper lobe", "longest_diameter", round(first, 1), "mm")]
    if not (number % 4 == 0 and visit == 2):
        values.append(("Mediastinal mass", "longest_diameter", round(second, 1), "mm"))
        values.append((None, "sum_of_diameters", round(first + second, 1), "mm"))
    if number % 6 == 0 and visit >= 4:
        values.append(("Liver, segment VII", "longest_diameter", 11.0 + visit, "mm"))
    late = number == 8 and visit == 4
    disease = "bladder" if number == 9 and visit >= 3 else "lung"
    return Scan(
        age,
        tuple(values),
        _progression(rate, visit, random_, late),
        disease,
        **({"weights": BLADDER_WEIGHTS} if disease == "bladder" else {}),
        final=not (number % 7 == 3 and visit == 5),
        sizes=_sizes(first + second, rate, visit) if disease == "lung" else (),
        response=None if number == 9 else (0.01, 0.19, 0.55, 0.25),
    )


def _sizes(total_mm: float, rate: float, visit: int) -> tuple[Sizes, ...]:
    """What the leading weights say, and at the last visit also what they said before and what a shadow says."""
    sizes = Sizes({days: total_mm * math.exp(0.5 * rate * days) for days in (42, 63, 84)})
    others = (Sizes({42: NO_LONGER}, because="revision"), Sizes({42: IN_THE_SHADOW}, SHADOW_WEIGHTS))
    return (sizes, *others) if visit == 5 else (sizes,)


def _progression(rate: float, visit: int, random_: random.Random, late: bool) -> tuple[Risk, ...]:
    level = -1.0 + visit * rate * 110 + random_.gauss(0, 0.25)
    risks = [
        Risk("progression", days, _sigmoid(level + shift), 0.07) for days, shift in ((90, -0.9), (180, 0), (365, 0.8))
    ]
    if late:
        risks += [Risk("progression", days, _sigmoid(level - 0.7), 0.09, because="late") for days in (90, 180, 365)]
    return tuple(risks)


def _treatments(rows: Rows, number: int) -> None:
    patient, start = pseudonym(number), 360 + 5 * number
    name = MARKUP if patient == MARKED else "Atezolizumab" if number % 2 else "Docetaxel"
    rows.treatment(patient, name, "drug", start, start - 120)
    if number % 3 == 0:
        rows.treatment(patient, "Radiotherapy, left upper lobe", "radiation", start - 60, start - 75)
    if number % 2 == 0:
        rows.treatment(patient, "Nivolumab", "drug", start - 130, None)


def _breast(number: int) -> list[Scan]:
    change = (-0.2 if number % 3 == 0 else 0.24) + (number % 5) / 40
    return [
        Scan(
            160 + number - day,
            (
                ("Primary tumour", "volume", round(14.2 * math.exp(-0.5 * visit * (change + 0.6)), 2), "ml"),
                ("Primary tumour", "longest_diameter", round(41 - 7.5 * visit * (change + 0.6), 1), "mm"),
                ("Primary tumour", "sphericity", round(0.61 + 0.04 * visit, 3), "1"),
                (None, "background_parenchymal_enhancement", round(22.0 - 3 * visit, 1), "%"),
            ),
            (Risk("pcr", None, _sigmoid(-0.7 + 3 * change * visit), 0.05),),
            "breast",
            BREAST_WEIGHTS,
        )
        for visit, day in enumerate((0, 21, 84, 154))
    ]


SLICES = (0.004, 0.1, 0.62, 0.91, 0.4, 0.08)
_ENCODER = "encoder", "facade" * 10
SEEN = (
    SeriesEmbedding("CT", *_ENCODER, masked_because="gantry_tilt, uneven_steps"),
    SeriesEmbedding("MR", *_ENCODER, "s", 24, (0.1, 0.2, 0.3, 0.4)),
    SeriesEmbedding("PT", *_ENCODER, "s", 90, (0.4, 0.3, 0.2, 0.1)),
)
UNSEEN = (SeriesEmbedding("MR", *_ENCODER, masked_because="one_slice"),)
"""What an encoder saw of the latest scan of a patient, and that of the one before it was nothing."""
ORGAN = Unused("seg", "SCT:12738006", "Brain", "an organ, not a lesion")


def _brain(number: int) -> list[Scan]:
    disease = "unknown" if pseudonym(number) == UNTOLD else "brain"
    lesion, earlier = (MARKUP, (700, 620, 540)) if pseudonym(number) == PICTURED else ("Enhancing tumour", ())
    return [
        Scan(
            days_ago,
            ((lesion, "volume", volume_ml, "ml"),),
            (),
            disease,
            None,
            "MR",
            completeness="association_end",
            unused=unused,
            key_slices=((lesion, volume_ml / 100),),
            presence=SLICES if pseudonym(number) == UNTOLD else (),
            encoded=() if pseudonym(number) != UNTOLD else UNSEEN if volume_ml == 21.4 else SEEN,
            outlined_by="brain_tumour" if volume_ml == 21.4 else None,
        )
        for days_ago, volume_ml, unused in (
            *((days, 15.0, ()) for days in earlier),
            (400 - 5 * number, 21.4, ()),
            (120 - number, 48.9, (ORGAN,)),
        )
    ]


def _set_asides(rows: Rows) -> None:
    rows.set_aside("patient_conflict", "The study is known under another patient.", 0.2)
    rows.set_aside("unknown_unit", f"Unit {MARKUP} of Longest Diameter is not known.", 0.4)
    rows.set_aside("no_date", f"StudyDate is {SQL!r}.", 1.3)
    of = uid(pseudonym(35), 0.52)
    rows.set_aside("bad_geometry", "The SEG is 4.2 mm away from the images it refers to.", 2.6, scan_uid=of)
    rows.set_aside("content_conflict", "Same SOP Instance UID, other content.", 6.1, decision="rejected")
    for _ in range(3):
        rows.duplicate()


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))
