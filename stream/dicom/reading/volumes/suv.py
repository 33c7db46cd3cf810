"""Activity in the tissue to standardised uptake by body weight, after QIBA's vendor-neutral rule for FDG-PET."""

import datetime as dt
from collections.abc import Sequence

from pydicom import Dataset
from pydicom.valuerep import DA, DT, TM

from stream.dicom.reading.header import text
from stream.dicom.reading.volumes.no_volume import NoVolume
from stream.hindrances import Hindrance

GRAMS_PER_KG = 1000.0
CORRECTED_FOR = {"ATTN", "DECY"}
HEAVIEST_KG = 650.0  # more than anybody has weighed: a slip of the unit
MOST_HALF_LIVES = 20.0
"""Between injection and scan: later nothing is left to be seen, so that one of the two times is wrong."""


def suv_factor(headers: Sequence[Dataset]) -> float:
    """What the rescaled values of a PET series (its `headers`) are multiplied by to be SUV by body weight, g/ml.

    Units GML are uptake already. BQML are divided by the dose in the body per gram: the dose as injected where values
    are corrected for decay back to the injection (ADMIN), decayed up to the start of the scan where they are corrected
    to that (START). Raises NoVolume(no_suv) where anything is missing or cannot be.
    """
    try:
        factors = {_factor(header, headers) for header in _distinct(headers)}
    except (ValueError, ArithmeticError, TypeError, AttributeError, LookupError):
        raise NoVolume(Hindrance.NO_SUV) from None
    if len(factors) != 1:
        raise NoVolume(Hindrance.NO_SUV)
    return factors.pop()


def _distinct(headers: Sequence[Dataset]) -> list[Dataset]:
    """One header for each way in which the series states what the factor is made from."""
    return list({repr([header.get(keyword) for keyword in _STATED]): header for header in headers}.values())


_STATED = (
    "Units",
    "SUVType",
    "CorrectedImage",
    "DecayCorrection",
    "PatientWeight",
    "SeriesDate",
    "SeriesTime",
    "RadiopharmaceuticalInformationSequence",
)


def _factor(header: Dataset, headers: Sequence[Dataset]) -> float:
    units = text(header, "Units")
    if units == "GML" and text(header, "SUVType") in ("", "BW"):
        return 1.0
    if units != "BQML" or not set(header.get("CorrectedImage") or []) >= CORRECTED_FOR:
        raise ValueError(units)
    (given,) = header.RadiopharmaceuticalInformationSequence
    weight_kg, dose_bq, half_life_s = (
        _positive(place, keyword)
        for place, keyword in (
            (header, "PatientWeight"),
            (given, "RadionuclideTotalDose"),
            (given, "RadionuclideHalfLife"),
        )
    )
    if weight_kg > HEAVIEST_KG:
        raise ValueError("weight")
    return weight_kg * GRAMS_PER_KG / (dose_bq * _left(header, given, headers, half_life_s))


def _left(header: Dataset, given: Dataset, headers: Sequence[Dataset], half_life_s: float) -> float:
    """The share of the dose that values refer to."""
    correction = text(header, "DecayCorrection")
    if correction == "ADMIN":
        return 1.0
    if correction != "START":
        raise ValueError(correction)
    half_lives = (_begun(header, headers) - _injected(header, given)).total_seconds() / half_life_s
    if not 0 <= half_lives <= MOST_HALF_LIVES:
        raise ValueError("times")
    return float(2.0**-half_lives)


def _begun(header: Dataset, headers: Sequence[Dataset]) -> dt.datetime:
    """When the scan began: the time of the series, unless that is later than an acquisition, as of what was processed
    afterwards."""
    first = min(_moment(one, "Acquisition") for one in headers)
    return min(_moment(header, "Series"), first)


def _injected(header: Dataset, given: Dataset) -> dt.datetime:
    """By date and time; where only a time is stated, on the day of the series."""
    if stated := text(given, "RadiopharmaceuticalStartDateTime"):
        return DT(stated).replace(tzinfo=None)
    return _joined(text(header, "SeriesDate"), text(given, "RadiopharmaceuticalStartTime"))


def _moment(header: Dataset, level: str) -> dt.datetime:
    return _joined(text(header, f"{level}Date"), text(header, f"{level}Time"))


def _joined(date: str, time: str) -> dt.datetime:
    """As the clock of the site showed it; ValueError where one is missing or none."""
    if not date or not time:
        raise ValueError("date or time")
    return dt.datetime.combine(DA(date), TM(time))


def _positive(place: Dataset, keyword: str) -> float:
    value = float(place[keyword].value)
    if not 0 < value < float("inf"):
        raise ValueError(keyword)
    return value
