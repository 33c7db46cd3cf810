"""Made-up follow-up of many patients as a hospital sends it: mixed, some twice, some late, some corrected."""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stream.simulated.synthetic import SyntheticLesion, make_sr, save

FIRST_DAY = dt.date(2020, 1, 15)
DAYS_BETWEEN = 56
DOUBLED, LATE, CORRECTED = 0.05, 0.05, 0.01


@dataclass(frozen=True)
class Traffic:
    """Reports in the order in which they are sent, and how many of them are what."""

    sent: tuple[Path, ...]
    scans: int
    doubled: int
    late: int
    corrected: int

    def counts(self) -> dict[str, int]:
        """Numbers for a page."""
        return {"scans": self.scans, "sent twice": self.doubled, "late": self.late, "corrected": self.corrected}

    def batches(self, number: int) -> list[tuple[Path, ...]]:
        """What is sent, in order, in `number` parts of about the same size."""
        cuts = [len(self.sent) * part // number for part in range(number + 1)]
        return [self.sent[start:end] for start, end in zip(cuts, cuts[1:], strict=False)]


@dataclass(frozen=True)
class Visit:
    """A patient's visit, whose reports all belong to one study."""

    patient: str
    study_uid: str
    day: dt.date


def follow_up(folder: Path, rng: random.Random, patients: int, visits: int) -> Traffic:
    """Reports of `visits` (two at least) of each of `patients`, written to `folder`, after which patients are called.

    A report has a moment at which it is sent: within one unit of time every patient has a visit, in any order; a late
    one comes after its patient's next visit, a double and a correction some time after the report itself.
    """
    moments = [
        (number + rng.random(), visit, number == visits - 1)
        for number in range(visits)
        for visit in _visits(folder.name, rng, patients, number)
    ]
    total = len(moments)
    late = set(_share(rng, [visit for _, visit, last in moments if not last], LATE * total))
    reports = [
        (at + (rng.uniform(2, 4) if visit in late else 0), visit, _report(folder, rng, visit))
        for at, visit, _ in moments
    ]
    doubled = [(at + rng.uniform(0, 3), path) for at, _, path in _share(rng, reports, DOUBLED * total)]
    corrected = [
        (at + rng.uniform(1, 3), _report(folder, rng, visit, days_later=1))
        for at, visit, _ in _share(rng, reports, CORRECTED * total)
    ]
    sent = sorted([*((at, path) for at, _, path in reports), *doubled, *corrected])
    return Traffic(tuple(path for _, path in sent), total, len(doubled), len(late), len(corrected))


def _visits(name: str, rng: random.Random, patients: int, number: int) -> list[Visit]:
    day = FIRST_DAY + dt.timedelta(DAYS_BETWEEN * number)
    return [Visit(f"{name}-patient-{patient}", _uid(rng), day) for patient in range(patients)]


def _report(folder: Path, rng: random.Random, visit: Visit, days_later: int = 0) -> Path:
    """A report of one lung lesion; of two of a visit the one that was made later stands."""
    lesion = SyntheticLesion({"longest_diameter": (rng.uniform(5, 80), "mm")})
    made = visit.day + dt.timedelta(days_later)
    uid = _uid(rng)
    report = make_sr(
        [lesion],
        PatientID=visit.patient,
        StudyDate=f"{visit.day:%Y%m%d}",
        ContentDate=f"{made:%Y%m%d}",
        StudyInstanceUID=visit.study_uid,
        SOPInstanceUID=uid,
    )
    return save(report, folder / f"{uid}.dcm")


def _uid(rng: random.Random) -> str:
    return f"2.25.{rng.getrandbits(120)}"


def _share(rng: random.Random, items: Sequence, number: float) -> list:
    return rng.sample(items, round(number))
