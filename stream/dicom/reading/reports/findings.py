"""What a report says of each lesion, in numbers, codes or qualifiers: the table in docs/reading.md 5 has the rule."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from models.criteria.finding import LesionFinding, LesionRole, LesionState, NamedBy
from models.criteria.state_by_size import SIZES, state_by_size
from models.measurement import Measurement
from stream.dicom.reading import concepts
from stream.dicom.reading.labels import Naming, safe_label, safe_site
from stream.dicom.reading.reports.groups import Group, Number, Statement
from stream.dicom.reading.reports.identities import Identities
from stream.dicom.reading.reports.results import why_no_result
from stream.dicom.reading.reports.values import is_too_small

_STATES = {
    concepts.GONE_MARK: LesionState.GONE,
    concepts.PRESENT_MARK: LesionState.PRESENT,
    concepts.PROGRESSED_MARK: LesionState.PRESENT,
}


def lesion_findings(
    said: Iterable[Statement], measurements: Iterable[Measurement], identities: Identities, naming: Naming
) -> tuple[LesionFinding, ...]:
    """One per lesion: `said` is what counts of the report, `measurements` what came of its numbers."""
    of_lesion: dict[str, list[Statement]] = defaultdict(list)
    sizes: dict[str, dict[str, float]] = defaultdict(dict)
    for one in said:
        if not (isinstance(one, Number) and measurement_of(one) in concepts.WHOLE_PATIENT):
            of_lesion[identities.lesion_uid(one.group)].append(one)
    for measured in measurements:
        if measured.lesion_uid and measured.measurement in SIZES:
            sizes[measured.lesion_uid][measured.measurement] = measured.value
    return tuple(
        _finding(lesion_uid, of_lesion[lesion_uid], sizes[lesion_uid], identities, naming)
        for lesion_uid in sorted(of_lesion)
    )


def measurement_of(number: Number) -> str | None:
    """Our word for what a number measures; None where it is not stored here."""
    return concepts.MEASUREMENTS.get(number.name.key)


def says_too_small(number: Number) -> bool:
    """Whether a number, of which no value is stated, says that a lesion is too small to measure."""
    return measurement_of(number) in SIZES and is_too_small(number.item) and why_no_result(number) is None


def unspoken(said: Sequence[Statement], identities: Identities) -> frozenset[str]:
    """Lesions that are named, and of which nothing at all is said: neither a size nor what became of them."""
    every = {identities.lesion_uid(one.group) for one in said}
    telling = (one for one in said if _is_size(one) or one.group.says_state)
    return frozenset(every - {identities.lesion_uid(one.group) for one in telling})


def _is_size(one: Statement) -> bool:
    return isinstance(one, Number) and measurement_of(one) in SIZES


def _finding(
    lesion_uid: str, said: Sequence[Statement], sizes: dict[str, float], identities: Identities, naming: Naming
) -> LesionFinding:
    groups = [one.group for one in said]
    node = any(group.node for group in groups)
    marks = {mark for group in groups for mark in group.marks}
    sites = [site for group in groups if (site := safe_site(concepts.site_word(group.site), naming))]
    split_from, merged_into = (min(filter(None, uids), default="") for uids in _others(groups))
    return LesionFinding(
        lesion_uid,
        _state(said, node, marks, sizes),
        label=min(safe_label(group.identifier, lesion_uid, naming) for group in groups),
        organ=min(sites, default=None),
        node=node,
        role=_role(groups),
        progressed=concepts.PROGRESSED_MARK in marks,
        long_axis_mm=sizes.get("longest_diameter"),
        short_axis_mm=sizes.get("short_axis"),
        volume_ml=sizes.get("volume"),
        split_from=identities.other_lesion(split_from),
        merged_into=identities.other_lesion(merged_into),
        named_by=_named_by(groups, identities),
        place=next((place for group in groups if (place := identities.place_of(group))), None),
    )


def _named_by(groups: Sequence[Group], identities: Identities) -> NamedBy | None:
    """The best that names it: a tracking UID, else a label."""
    named = {identities.named_by(group) for group in groups}
    if None in named:
        return None
    return NamedBy.LABEL if NamedBy.LABEL in named else NamedBy.OBJECT


def _others(groups: Sequence[Group]) -> tuple[list[str], list[str]]:
    return [group.split_from for group in groups], [group.merged_into for group in groups]


def _state(said: Sequence[Statement], node: bool, marks: set[str], sizes: dict[str, float]) -> LesionState:
    """By its numbers, else by a code where there is no number; codes that contradict each other tell nothing."""
    numbers = [one for one in said if isinstance(one, Number) and _is_size(one)]
    too_small = {measurement_of(number) or "" for number in numbers if says_too_small(number)}
    if by_size := state_by_size(node, sizes, too_small):
        return by_size
    states = {_STATES[mark] for mark in marks & _STATES.keys()}
    return states.pop() if len(states) == 1 and not numbers else LesionState.NOT_EVALUATED


def _role(groups: Sequence[Group]) -> LesionRole | None:
    """As it is marked; a target where groups of one lesion contradict each other."""
    marks = {group.target for group in groups} - {None}
    if not marks:
        return None
    return LesionRole.TARGET if True in marks else LesionRole.NON_TARGET
