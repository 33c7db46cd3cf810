"""What one report or segmentation says of its scan, for measurements.py to bring together."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from models.criteria.finding import LesionFinding, LesionState
from models.measurement import Measurement
from stream.dicom.reading.codes.standard_codes import standard_meaning
from stream.dicom.reading.concepts import Concept
from stream.dicom.reading.labels import Naming, safe_site
from stream.dicom.reading.lesions import Outline
from stream.errors import SetAside
from stream.measured_scan import LesionMap, Unused
from stream.vocabulary import ReasonCode


@dataclass(frozen=True)
class Reading:
    """Measurements of one object, and what it holds that is not used.

    `content` counts what was measured of each lesion, without the UIDs that a viewer makes anew; `outlines` are the
    segments that a report's lesions were measured in. `findings`: what is said of each lesion, one per lesion;
    `silent` are those that are named only. `maps`: the outlines of lesions that a segmentation draws.
    """

    measurements: tuple[Measurement, ...] = ()
    unused: tuple[Unused, ...] = ()
    content: Counter[str] = field(default_factory=Counter)
    outlines: Mapping[Outline, str] = field(default_factory=dict)
    findings: tuple[LesionFinding, ...] = ()
    silent: frozenset[str] = frozenset()
    maps: tuple[LesionMap, ...] = ()

    @property
    def speaks(self) -> bool:
        """Whether it says anything that could take the place of another's word."""
        return bool(self.measurements) or any(_says(finding) for finding in self.findings)


def _says(finding: LesionFinding) -> bool:
    evaluated = finding.state is not LesionState.NOT_EVALUATED
    return evaluated or finding.progressed or finding.merged_into is not None


class UnusableReport(SetAside):
    """A report about lesions of which nothing can be used, and what it holds."""

    def __init__(self, reason_code: ReasonCode, reason: str, rows: tuple[Unused, ...]) -> None:
        super().__init__(reason_code, reason)
        self.unused = rows


def unused(object_kind: str, what: Concept | None, reason: str, naming: Naming) -> Unused:
    """`what` is not used because of `reason`; words and codes that could name the patient are left out.

    Those of the standard name nobody, whatever digits or letters they share with a name.
    """
    if what is None:
        return Unused(object_kind, "", "", reason)
    code = f"{what.scheme}:{what.value}"
    if standard_meaning(what.key):
        return Unused(object_kind, code, what.wording, reason)
    return Unused(object_kind, safe_site(code, naming) or "", safe_site(what.wording, naming) or "", reason)


def in_words(rows: Iterable[Unused]) -> str:
    """What is not used, by code, for a person who has to look into it."""
    told = dict.fromkeys(f"{row.code} ({row.meaning}: {row.reason})" for row in rows if row.code)
    return "; ".join(told) or "none of its concepts is coded"
