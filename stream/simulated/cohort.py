"""The simulated cohort as DICOM: a report for every visit, of brain patients MR slices with their segmentation.

Some patients have two studies on the day of a visit, of thorax and abdomen, each with a report of what lies there.

Every identifier follows from the seed and the day of reference: made again, the same visit is the same study, byte for
byte, and its instances are duplicates.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.uid import generate_uid

from models.criteria.finding import LesionFinding, LesionState
from models.simulation.deaths import lived
from models.simulation.lines import FollowedPatient, FollowedVisit, follow
from models.simulation.patients import SEED, simulate
from stream.simulated.codes import LYMPH_NODE, NEOPLASM, SITES, TOO_SMALL, Code, mark
from stream.simulated.segmentation import make_seg
from stream.simulated.synthetic import SyntheticLesion, make_series, make_sr, save

SLICES, ROWS = 8, 64
SPACING = (8.0, 3.0, 3.0)  # mm between slices, rows, columns: a field of view of 64 × 192 × 192 mm
CENTRE = (32.0, 78.0, 116.0)  # of the lesion, mm from the corner: off the midline
FRIDAY = 4
ABDOMINAL = {"liver", "adrenal gland", "bladder"}
AFTER_THORAX_MINUTES = 20  # the abdomen, on the same table
HEAD_MM = (78.0, 92.0)  # half axes of the head in a slice
TRIAL, IMMUNOTHERAPY = "LUNG-1", ("Pembrolizumab", "Atezolizumab")
UNITS = {"volume": "ml", "sphericity": "1", "background_parenchymal_enhancement": "%"}


@dataclass(frozen=True)
class Study:
    """What a visit shows of a `region`, "" for all; `instances` is how many files `write_study` makes of it."""

    patient: FollowedPatient
    visit: FollowedVisit
    region: str
    day: dt.date
    instances: int
    reference: dt.date
    seed: int

    @property
    def study_uid(self) -> str:
        """The Study Instance UID."""
        return self.uid("study")

    def uid(self, *parts: object) -> str:
        """A UID of this study, the same whenever it is made."""
        return _uid(self.seed, self.reference, self.patient.number, self.visit.day, self.region, *parts)

    def tracking_uid(self, finding: LesionFinding) -> str:
        """The Tracking UID of a lesion: the same at every visit."""
        return _uid(self.seed, self.reference, self.patient.number, "lesion", finding.lesion_uid)

    @property
    def findings(self) -> list[LesionFinding]:
        """Those of the visit that lie in the region."""
        return [each for each in self.visit.findings if self.region in ("", _region_of(each, self.patient))]


def cohort(patients: int, reference: dt.date, seed: int = SEED) -> list[Study]:
    """The studies of the first `patients`, in the order in which they are sent: by day, the late ones last."""
    followed = [lived(follow(patient, seed), seed) for patient in simulate(patients, seed)]
    studies = [
        _study(patient, visit, region, reference, seed)
        for patient in followed
        for visit in patient.visits
        for region in _regions(patient)
    ]
    return sorted(studies, key=lambda study: (study.visit.late, study.day, study.patient.number))


def mrn(patient: FollowedPatient) -> str:
    """The hospital's ID of a patient."""
    return f"DEMO-{patient.number:04d}"


def enrolment(patient: FollowedPatient) -> dict[str, str]:
    """Trial and arm: lung cancer in a trial with two arms, by the first treatment; nobody else is in a trial."""
    if patient.disease != "lung":
        return {}
    return {"trial": TRIAL, "arm": "Immunotherapy" if patient.treatments[0].name in IMMUNOTHERAPY else "Chemotherapy"}


def write_study(study: Study, folder: Path) -> list[Path]:
    """Write the study's files below `folder`; returns their paths in the order in which they are sent."""
    datasets = _slices(study) if study.patient.disease == "brain" else [_report(study)]
    paths = (folder / study.study_uid / f"{number:02d}.dcm" for number in range(len(datasets)))
    return [save(dataset, path) for dataset, path in zip(datasets, paths, strict=True)]


def _region_of(finding: LesionFinding, patient: FollowedPatient) -> str:
    """Where a lesion lies; nodes lie near the primary tumour."""
    return "abdomen" if (patient.disease if finding.node else finding.organ) in ABDOMINAL else "thorax"


def _study(patient: FollowedPatient, visit: FollowedVisit, region: str, reference: dt.date, seed: int) -> Study:
    day = _working_day(reference + dt.timedelta(days=visit.day))
    return Study(patient, visit, region, day, SLICES + 1 if patient.disease == "brain" else 1, reference, seed)


def _regions(patient: FollowedPatient) -> list[str]:
    """Of every eighth patient a study each, where there is disease in both from the first visit on."""
    found = {_region_of(finding, patient) for finding in patient.visits[0].findings}
    apart = patient.number % 8 == 0 and len(found) > 1
    return sorted(found, reverse=True) if apart else [""]


def _working_day(day: dt.date) -> dt.date:
    """The Friday before a weekend: nobody is scanned by appointment on a Sunday."""
    return day - dt.timedelta(days=max(0, day.weekday() - FRIDAY))


def _uid(*parts: object) -> str:
    return generate_uid(entropy_srcs=["/".join(map(str, parts))])


def _about(study: Study, series: str) -> dict[str, object]:
    """Attributes of patient and study; the name is as made up as the rest."""
    minutes = 8 * 60 + (study.patient.number * 37 + study.visit.day) % 540
    minutes += AFTER_THORAX_MINUTES * (study.region == "abdomen")
    return {
        "PatientID": mrn(study.patient),
        "PatientName": f"Simulated^{study.patient.number:04d}",
        "PatientBirthDate": _birth_date(study),
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.uid(series),
        "StudyDate": study.day.strftime("%Y%m%d"),
        "StudyTime": f"{minutes // 60:02d}{minutes % 60:02d}00",
    }


def _birth_date(study: Study) -> str:
    age = study.patient.clinical["age"]
    assert isinstance(age, int)  # clinical facts are of several types
    return f"{study.reference.year - age}0101"


def _report(study: Study) -> Dataset:
    """A measurement report after TID 1500 with a group for each lesion."""
    lesions = [_lesion(study, finding) for finding in study.findings]
    return make_sr(lesions, **_about(study, "report"), SOPInstanceUID=study.uid("report", 1))


def _lesion(study: Study, finding: LesionFinding) -> SyntheticLesion:
    return SyntheticLesion(
        {**_size(finding), **{concept: (value, UNITS[concept]) for concept, value in study.visit.more.items()}},
        identifier=finding.lesion_uid,
        tracking_uid=study.tracking_uid(finding),
        site=SITES[finding.organ] if finding.organ else None,
        finding=LYMPH_NODE if finding.node else NEOPLASM,
        mark=mark(finding, baseline=study.visit is study.patient.visits[0]),
        why_no_value=TOO_SMALL,
    )


def _size(finding: LesionFinding) -> dict[str | Code, tuple[float, str] | None]:
    """The diameter that counts; one without a value where the lesion is too small, none where only codes tell."""
    name = "short_axis" if finding.node else "longest_diameter"
    if finding.state is LesionState.TOO_SMALL:
        return {name: None}
    return {} if finding.size_mm is None else {name: (finding.size_mm, "mm")}


def _slices(study: Study) -> list[Dataset]:
    """T1 slices with a rim that enhances, and the segmentation of what lies within it."""
    (lesion,) = study.findings
    diameter = lesion.long_axis_mm or 0.0
    distance = np.sqrt(sum(((axis - centre) / stretch) ** 2 for axis, centre, stretch in _axes()))
    inside = distance <= diameter / 2
    shown = {"BodyPartExamined": "BRAIN", "WindowCenter": "300", "WindowWidth": "600"}
    images = make_series(_pixels(study, distance, diameter), SPACING, **_about(study, "images"), **shown)
    for number, image in enumerate(images, start=1):
        image.SOPInstanceUID = study.uid("images", number)
        image.FrameOfReferenceUID = study.uid("frame")
    uids = {"SeriesInstanceUID": study.uid("segmentation"), "SOPInstanceUID": study.uid("segmentation", 1)}
    segmentation = make_seg([inside], images, **uids)
    segmentation.SegmentSequence[0].TrackingID = lesion.lesion_uid
    segmentation.SegmentSequence[0].TrackingUID = study.tracking_uid(lesion)
    return [*images, segmentation]


def _axes() -> Iterator[tuple[np.ndarray, float, float]]:
    """Coordinates (mm) of the voxels along each axis, the lesion's centre there, and how far it is drawn out."""
    grid = np.meshgrid(*(np.arange(n) * mm for n, mm in zip((SLICES, ROWS, ROWS), SPACING, strict=True)), indexing="ij")
    return zip(grid, CENTRE, (1.0, 0.8, 1.0), strict=True)


def _pixels(study: Study, distance: np.ndarray, diameter: float) -> np.ndarray:
    """Grey values (slices, rows, columns) of a head with a lesion whose rim enhances."""
    noise = np.random.default_rng([study.seed, study.patient.number, study.visit.day % 10_000])
    middle = (ROWS - 1) * SPACING[1] / 2
    (_, rows, columns) = (axis for axis, _, _ in _axes())
    head = ((rows - middle) / HEAD_MM[1]) ** 2 + ((columns - middle) / HEAD_MM[0]) ** 2 <= 1
    grey = np.where(head, 300.0, 0.0)
    grey[distance <= diameter / 2] = 520.0
    grey[distance <= diameter / 2 - 4] = 210.0
    return np.clip(grey + noise.normal(0, 15, grey.shape) * head, 0, 4095)
