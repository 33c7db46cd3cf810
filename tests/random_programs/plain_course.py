"""The course that must stand, as plainly as it can be said: visits, what they say of lesions, lines, open questions."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from models.criteria.course import criteria_of, lines_of_therapy
from models.criteria.finding import LesionFinding, LesionState
from models.criteria.visit import Assessment, LineOfTherapy, TreatmentStart
from models.features import EMBEDDING, IMAGE_NAMES, MODALITIES, SOURCES, features
from models.forecast import Forecast, GrowthMap, ResponseForecast, RiskForecast, SizeForecast
from models.growth.maps import SHAPE, unpacked
from models.measurement import Measurement
from models.timepoint import LesionOutline
from stream.services.verify.reference_lesions import ReferenceLesions, Word

RECIST, SUM = "RECIST 1.1", "sum_of_diameters"
NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)
OF_RESPONSE = {"progression": ("PD",), "objective_response": ("CR", "PR")}
Status = tuple[str, dt.datetime | None, str | None]
"""Of a question, since when, and the scan that decided it."""
SIZES = {"longest_diameter": "long_axis_mm", "short_axis": "short_axis_mm", "volume": "volume_ml"}


@dataclass(frozen=True)
class Scan:
    """One revision of a scan; `lesions`: what it says of them, if only by its values."""

    at: dt.datetime
    disease: str
    measurements: tuple[Measurement, ...]
    looks: tuple[float | None, ...]  # of its lesion in an image, () without one
    lesions: tuple[LesionFinding, ...]
    time_point: str | None
    encoded: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # by modality, as an encoder read it
    maps: Mapping[str, bytes] = field(default_factory=dict)  # outlines by lesion

    @property
    def x(self) -> np.ndarray:
        """Its features."""
        looks = [np.nan if look is None else look for look in self.looks]
        said = [value for one in MODALITIES for value in self.encoded.get(one, [np.nan] * EMBEDDING)]
        return np.concatenate([features(self.measurements), looks or [np.nan] * len(IMAGE_NAMES), said])


@dataclass(frozen=True)
class Outcome:
    """What became of a patient, as it was entered last."""

    endpoint: str
    at: dt.datetime | None
    event: bool


@dataclass(frozen=True)
class Visit:
    """Scans of one visit in their order, each with its name and revision."""

    scans: tuple[tuple[str, int, Scan], ...]

    @property
    def at(self) -> dt.datetime:
        """The time of its first scan."""
        return self.scans[0][2].at

    @property
    def uid(self) -> str:
        """The name of its last scan."""
        return self.scans[-1][0]

    @property
    def disease(self) -> str:
        """The last one that a scan of it knows."""
        return known_last(scan.disease for *_, scan in self.scans)

    @property
    def lesions(self) -> tuple[LesionFinding, ...]:
        """One finding per lesion: the best one, and the role that the best one with a role states."""
        said: dict[str, list[LesionFinding]] = {}
        for *_, scan in self.scans:
            for one in scan.lesions:
                said.setdefault(one.lesion_uid, []).append(one)
        best = {uid: sorted(of_lesion, key=_how_good) for uid, of_lesion in said.items()}
        roles = {uid: [one.role for one in of_lesion if one.role] for uid, of_lesion in best.items()}
        return tuple(replace(best[uid][-1], role=roles[uid][-1] if roles[uid] else None) for uid in sorted(best))

    @property
    def outlines(self) -> tuple[LesionOutline, ...]:
        """The last outline of each lesion; of one that is gone nothing."""
        found = {one.lesion_uid: np.zeros(SHAPE, bool) for one in self.lesions if one.state is LesionState.GONE}
        for *_, scan in self.scans:
            found |= {lesion: unpacked(outline) for lesion, outline in scan.maps.items()}
        return tuple(LesionOutline(lesion, found[lesion]) for lesion in sorted(found))

    @property
    def assessment(self) -> Assessment:
        """What a criterion judges."""
        sums = [one.value for *_, scan in self.scans for one in scan.measurements if one.measurement == SUM]
        return Assessment(self.uid, self.at, self.at.date(), self.lesions, sums[-1] if sums else None)

    @property
    def x(self) -> np.ndarray:
        """Features: of one scan its own; of several the sizes of all lesions, and else what was known last."""
        seen = self.scans[0][2].x
        for *_, scan in self.scans[1:]:
            seen = np.where(np.isnan(scan.x), seen, scan.x)
        if len(self.scans) > 1:
            sizes = features([value for one in self.lesions for value in _values(one)])[: len(SIZES) + 1]
            seen[: len(sizes)] = np.where(np.isnan(sizes), seen[: len(sizes)], sizes)
        return seen


def known_last(diseases: Iterable[str]) -> str:
    """The last of `diseases` that is known."""
    return ["unknown", *(disease for disease in diseases if disease != "unknown")][-1]


def visits(scans: Sequence[tuple[str, int, Scan]]) -> list[Visit]:
    """A visit takes in what shares the day of one of its scans, or the time point (28 days), and all in between."""
    left, found = list(scans), []
    while left:
        size = 1
        while (grown := 1 + max(n for n, (*_, scan) in enumerate(left) if _joins(scan, left[:size]))) > size:
            size = grown
        found.append(Visit(tuple(left[:size])))
        left = left[size:]
    return found


def with_lesions(found: Sequence[Visit], words: Sequence[Word]) -> list[Visit]:
    """The visits with lesions under the names that they are followed by."""
    lesions = ReferenceLesions(words)
    return [Visit(tuple((uid, revision, _followed(scan, lesions, number)) for uid, revision, scan in visit.scans))
            for number, visit in enumerate(found, start=1)]  # fmt: skip


def _followed(scan: Scan, lesions: ReferenceLesions, visit: int) -> Scan:
    named = lesions.scan(scan.lesions, scan.at.date(), visit)
    names = {told.lesion_uid: one.lesion_uid for told, one in zip(scan.lesions, named, strict=False)}
    return replace(scan, lesions=named, maps={names[lesion]: outline for lesion, outline in scan.maps.items()})


def _joins(scan: Scan, visit: Sequence[tuple[str, int, Scan]]) -> bool:
    days, points = {one.at.date() for *_, one in visit}, {one.time_point for *_, one in visit} - {None}
    near = scan.at.date() - visit[0][2].at.date() <= dt.timedelta(days=28)
    return scan.at.date() in days or (near and scan.time_point in points)


def _how_good(finding: LesionFinding) -> tuple[bool, int]:
    """Evaluated beats not; then the source; of equal ones the last stays last."""
    return finding.state is not LesionState.NOT_EVALUATED, -SOURCES.index(finding.source)


def _values(finding: LesionFinding) -> Iterable[Measurement]:
    target = None if finding.role is None else finding.role == "target"
    lesion = finding.lesion_uid, finding.label, finding.organ, target, finding.node
    for name, attribute in SIZES.items():
        if (value := getattr(finding, attribute)) is not None:
            yield Measurement(name, value, finding.source, *lesion)


def _question(forecast: RiskForecast | ResponseForecast) -> str:
    return forecast.endpoint if isinstance(forecast, RiskForecast) else "progression"


@dataclass(frozen=True)
class PlainCourse:
    """What the facts of one timeline say of its course; `asked`: endpoints that are forecast."""

    visits: Sequence[Visit]
    treatments: Sequence[TreatmentStart]
    outcomes: Sequence[Outcome]
    disease: str
    asked: Collection[str]
    clinical: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def by_criterion(self) -> dict[str, tuple[LineOfTherapy, ...]]:
        """The lines of therapy by every criterion."""
        said = [visit.assessment for visit in self.visits]
        criteria = criteria_of(self.clinical.get("criterion"), self.disease, said)
        return {criterion: lines_of_therapy(said, self.treatments, criterion) for criterion in criteria}

    def line_of(self, visit: Visit) -> int:
        """The last line that it belongs to."""
        return max((line.number for line in self.by_criterion[RECIST] if visit.uid in line.visits), default=1)

    def begins_line(self, visit: Visit) -> bool:
        """Whether it is a baseline, and not the first visit."""
        baselines = [line.baseline.scan_uid for line in self.by_criterion[RECIST] if line.baseline]
        return visit.uid in baselines and visit != self.visits[0]

    def seen(self, visit: Visit) -> np.ndarray:
        """Its features, with the sum of its verdict where the baseline of the line has one."""
        x = visit.x
        for line in self.by_criterion[RECIST]:
            sums = {verdict.scan_uid: verdict.sum_of_diameters for verdict in line.verdicts}
            if visit.uid in sums and line.verdicts[0].sum_of_diameters is not None:
                x[0] = np.nan if sums[visit.uid] is None else sums[visit.uid]
        return x

    def stands(self, visit: Visit, forecast: Forecast) -> bool:
        """Whether its question is open in the line of the visit."""
        return isinstance(forecast, SizeForecast | GrowthMap) or self._status_of(visit, forecast)[0] == "open"

    def ended(self, visit: Visit, forecast: Forecast) -> bool:
        """Whether its question was open in the line of the visit, till something came that was not there by then."""
        if isinstance(forecast, SizeForecast | GrowthMap):
            return False
        status, since, _ = self._status_of(visit, forecast)
        (line,) = (one for one in self.by_criterion[RECIST] if one.number == self.line_of(visit))
        if _question(forecast) in OF_RESPONSE and (not line.baseline or line.verdicts[0].sum_of_diameters is None):
            return False
        return status in ("occurred", "known", "closed") and (since or NEVER) > visit.at

    def _status_of(self, visit: Visit, forecast: RiskForecast | ResponseForecast) -> Status:
        return self.statuses[self.line_of(visit), _question(forecast)]

    @cached_property
    def statuses(self) -> dict[tuple[int, str], Status]:
        """(line, endpoint) → status, since when, and the scan that decided it; none before the first scan."""
        lines = self.by_criterion[RECIST] if self.visits else ()
        return {(line.number, name): self._status(line, line == lines[-1], name)
                for line in lines for name in {"progression", *self.asked}}  # fmt: skip

    def _line_at(self, at: dt.datetime, line: LineOfTherapy) -> bool:
        """Whether a day lies in the line: from the day before its baseline to the day on which the next one starts."""
        after = [each.start_day for each in self.by_criterion[RECIST] if each.number > line.number]
        late = bool(after) and at.date() > min(day for day in after if day)
        return not late and not (line.baseline and line.baseline.at - at >= dt.timedelta(days=1))

    def _status(self, line: LineOfTherapy, is_last: bool, endpoint: str) -> Status:
        """Status, since when, and the scan that decided it."""
        of_response = OF_RESPONSE.get(endpoint, ())
        for verdict in line.verdicts:
            if verdict.category in of_response:
                return "occurred", verdict.at, verdict.scan_uid
        entered = sorted(self.outcomes, key=lambda one: (not one.event, one.at or NEVER))
        for one in entered:
            if one.endpoint == endpoint and (one.event or endpoint == "pcr"):
                dated = one.at if of_response else None
                if self._line_at(dated, line) if dated else is_last:
                    return "known", one.at, None
        if not is_last:
            return "closed", None, None
        for one in entered:
            if one.endpoint == "death" and one.event:
                return "closed", one.at, None
        if of_response and not line.baseline:
            return "no_baseline", None, None
        if self.disease == "unknown":
            return "disease_unknown", None, None
        if of_response and line.baseline and line.verdicts[0].sum_of_diameters is None:
            return "not_measurable", line.baseline.at, line.baseline.scan_uid
        return "open", line.baseline.at if line.baseline else None, None
