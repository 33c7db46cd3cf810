"""What programs tell of patients: scans with lesions of every state, treatments, outcomes, clinical facts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from models.criteria.finding import LesionFinding, LesionRole, LesionState, NamedBy
from models.criteria.from_measurements import findings_from
from models.criteria.place import LesionPlace
from models.features import SOURCES
from models.growth.maps import SPACING_MM, packed, volume_ml
from models.measurement import Measurement
from stream.measured_scan import LesionMap, MeasuredScan, SeriesEmbedding
from stream.services.facts.clinical import ImportedVisit, Treatment
from tests.other_weights import ENCODER
from tests.random_programs import plain_course, plain_model
from tests.services.accepted_facts import day
from tests.services.outlined_visits import ball

PATIENTS, SCANS = ("A", "B", "C"), 4
DAYS = (0, 21, 42, 42, 90, 180)
NODE = "node"
PLACES = {"first": 0.0, "second": 40.0, NODE: 80.0}
"""Of lesions, mm; scans of two numbers tell them, a millimetre apart."""

patients = st.sampled_from(PATIENTS)
days = st.sampled_from(DAYS)
told_diseases = st.sampled_from(
    ({}, {"criterion": "iRECIST"}, *({"disease": told} for told in (None, "lung", "breast", "bladder", "brain")))
)
"""What clinical facts say of it: nothing, that it is not known after all, or which."""
outcomes = st.builds(
    plain_course.Outcome,
    st.sampled_from(("death", "pcr", "progression")),
    st.none() | days.map(day),
    st.sampled_from((True, True, False)),
)
SAID = (
    *((LesionState.MEASURED, size) for size in 2 * (0.0, 8.0, 20.0, 24.5, 61.0)),
    *((state, None) for state in LesionState if state is not LesionState.MEASURED),
)
"""State and size of a lesion."""
ROLES = (None, None, LesionRole.TARGET, LesionRole.NON_TARGET)


@dataclass(frozen=True)
class ToldLesion:
    """What a scan says of one lesion; `progressed` only where it is present without a size."""

    name: str
    state: LesionState
    size: float | None
    role: LesionRole | None
    progressed: bool

    def finding(self, scan: "ToldScan", program: str, organ: str, source: str) -> LesionFinding:
        """In the words of a criterion, under the name that the scan gives it."""
        (name, named_by), node = scan.lesion_name(program, self.name), self.name == NODE
        progressed = self.progressed and not self.size
        state = LesionState.GONE if self.size == 0 else self.state
        long, short = (None, self.size) if node else (self.size, None)
        sized = LesionFinding(name, state, self.name, organ, node, self.role, progressed, long, short)
        place = LesionPlace("F", (PLACES[self.name] + scan.number, 0.0, 0.0)) if scan.number < 2 else None
        volume = volume_ml(ball(self.voxels)) if scan.outlined and self.voxels else None
        return replace(sized, source=source, named_by=named_by, place=place, volume_ml=volume)

    @property
    def voxels(self) -> float:
        """The radius of its outline; 0 where it has no size."""
        return (self.size or 0.0) / 2 / SPACING_MM


lesions = st.lists(
    st.builds(
        lambda name, said, role, progressed: ToldLesion(name, said[0], said[1], role, progressed),
        st.sampled_from(("first", "first", "first", "second", NODE)),
        st.sampled_from(SAID),
        st.sampled_from(ROLES),
        st.sampled_from((*7 * (False,), True)),
    ),
    max_size=3,
    unique_by=lambda lesion: lesion.name,
)


@dataclass(frozen=True)
class ToldScan:
    """A scan of a patient, or another revision of it; the same `number` is the same scan.

    Of one that is `outlined`, lesions with a size have a volume and a map. Its number decides what another revision of
    it does not change: its source, whether it knows its disease, and whether its lesions have tracking UIDs, labels
    only or, in their places, names that mean nothing elsewhere.
    """

    patient: str
    number: int
    on_day: float
    is_breast: bool
    lesions: Sequence[ToldLesion]
    sum_mm: float | None
    looks: tuple[float, ...]
    time_point: str | None
    outlined: bool = False
    encoded: Sequence[str] = ()  # modalities of which an encoder read a series

    def visit(self, program: str) -> ImportedVisit:
        """As the service accepts it; without findings where the values tell it all."""
        disease = "breast" if self.is_breast else "unknown" if self.number == SCANS - 1 else "lung"
        source = SOURCES[self.number % len(SOURCES)]
        found = tuple(
            one.finding(self, program, "breast" if self.is_breast else "lung", source) for one in self.lesions
        )
        values = [value for one in found for value in _values(one)]
        if self.sum_mm is not None:
            values.append(Measurement("sum_of_diameters", self.sum_mm, source))
        if self.is_breast:
            values.append(Measurement("background_parenchymal_enhancement", 10.0, source))
        more = () if findings_from(values) == tuple(sorted(found, key=lambda one: one.lesion_uid)) else found
        maps = [LesionMap(one.lesion_uid, packed(ball(told.voxels)))
                for one, told in zip(found, self.lesions, strict=True) if one.volume_ml]  # fmt: skip
        measured = MeasuredScan(
            tuple(values),
            None,
            None,
            self.looks,
            findings=more,
            time_point=self.time_point,
            maps=tuple(maps),
            encoded=self._encoded(),
        )
        patient = f"{program}{self.patient}"
        return ImportedVisit(f"{patient}/{self.number}", patient, day(self.on_day), disease, measured)

    def _encoded(self) -> tuple[SeriesEmbedding, ...]:
        """What the encoder says: other numbers of each modality, and masked where it read none."""
        said = {one: tuple((n + 1 + 2 * len(self.encoded)) / 20 * (n % 3) for n in range(4)) for one in self.encoded}
        masked = [SeriesEmbedding("MR", "encoder", ENCODER, masked_because="one_slice")] if "MR" not in said else []
        read = [SeriesEmbedding(one, "encoder", ENCODER, "s", 9, numbers) for one, numbers in said.items()]
        return tuple(read + masked)

    def lesion_name(self, program: str, lesion: str) -> tuple[str, NamedBy | None]:
        """What it calls a lesion, and from what."""
        of_number = {
            1: (f"{program}{self.patient}{lesion} of 1", NamedBy.OBJECT),
            2: (f"{program}{self.patient}-{lesion}", NamedBy.LABEL),
            3: (f"{program}{self.patient}-{lesion} of 3", NamedBy.ONLY if lesion == "first" else None),
        }
        return of_number.get(self.number, (f"{program}-{lesion}", None))


def lesion_names(program: str) -> list[str]:
    """Some of the names that scans of a program use."""
    every = [
        ToldScan(patient, number, 0, False, (), None, (), None, False) for patient in "AB" for number in range(SCANS)
    ]
    return sorted({each.lesion_name(program, lesion)[0] for each in every for lesion in ("first", "second")})


scans = st.builds(
    lambda hours, on_day, **told: ToldScan(on_day=on_day + hours / 24, **told),
    hours=st.sampled_from((0, 0, 6, 20)),
    patient=patients,
    number=st.integers(0, SCANS - 1),
    on_day=days,
    is_breast=st.booleans(),
    lesions=lesions,
    sum_mm=st.sampled_from((None, None, None, 0.0, 30.0, 61.0)),
    looks=st.sampled_from(((), (1.03, 4.2, 0.06, 8.4, 36.0, 0.29), (1.06, 4.3, 0.05, 8.6, 60.0, 0.22))),
    time_point=st.sampled_from((None, None, None, "T1", "T2")),
    outlined=st.booleans(),
    encoded=st.sampled_from(((), (), ("CT",), ("MR",), ("CT", "PT"), ("CT", "MR", "PT"))),
)
treatments = st.builds(
    lambda patient, kind, start, length, line, withdrawn: Treatment(
        patient, "docetaxel", kind, day(start), None if length is None else day(start + length), kind == "surgery",
        withdrawn, line),
    patients,
    st.sampled_from(("drug", "drug", "surgery", "baseline", "other")),
    days,
    st.sampled_from((None, 30)),
    st.sampled_from((None, None, 1, 2, 4)),
    st.booleans(),
)  # fmt: skip


def _values(finding: LesionFinding) -> list[Measurement]:
    name = "short_axis" if finding.node else "longest_diameter"
    target = None if finding.role is None else finding.role is LesionRole.TARGET
    lesion: tuple[Any, ...] = finding.lesion_uid, finding.label, finding.organ, target, finding.node
    sizes = ((name, finding.size_mm), ("volume", finding.volume_ml))
    return [Measurement(name, size, finding.source, *lesion) for name, size in sizes if size is not None]


def plain_scan(visit: ImportedVisit) -> plain_course.Scan:
    """The visit as the plain model keeps it: values say of lesions what nothing else says."""
    measured = visit.measured
    said = sorted(measured.findings or findings_from(measured.measurements), key=lambda one: one.lesion_uid)
    return plain_course.Scan(
        visit.acquired_at,
        visit.disease,
        measured.measurements,
        measured.embedding,
        tuple(said),
        measured.time_point,
        encoded={one.modality: one.embedding for one in measured.encoded if one.embedding is not None},
        maps=dict(measured.maps),
    )


def plain_treatment(told: Treatment) -> plain_model.Treatment:
    """The treatment as the plain model keeps it: one that is dated by day stands at the end of that."""
    return plain_model.Treatment(
        told.received_as, told.name, told.kind, told.start_at, told.end_at, told.at, told.line, told.withdrawn
    )
