"""Why a visit was judged as it was: one sentence that a clinician can follow with the report in hand."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from models.criteria.criterion import SumAt
from models.criteria.evidence import LineState, VisitEvidence
from models.criteria.exact import apart, near, percent_change
from models.criteria.finding import LesionRole
from models.criteria.rules import SumRules

TOLD_FROM = Fraction(1)
"""Difference (mm) from which a sum stated beside lesions is told."""
UNLABELLED = "lesion "
"""Before the end of the UID of a lesion that no report gave a label."""


def baseline_sentence(rules: SumRules, state: LineState) -> str:
    """What the baseline fixed."""
    roles, names = state.roles, state.labels
    if state.baseline is not None:
        what = f"{_sum_of(rules, state)} is {_number(state.baseline.total)} {rules.measure.unit}"
    else:
        what = "no sum, a target was not measured" if roles.targets else "no target"
    others = f"; non-target {lesions(roles.non_targets, names)}" if roles.non_targets else ""
    return f"Baseline by {rules.name}: {what}{others}."


def visit_sentence(
    rules: SumRules,
    state: LineState,
    evidence: VisitEvidence,
    category: str,
    target: str | None,
    non_target: str | None,
) -> str:
    """The rule, the lesions, the reference with its date and the arithmetic of one verdict."""
    clauses = [
        _target_clause(rules, state, evidence, target),
        _again_clause(state, evidence),
        _non_target_clause(state, evidence, non_target),
        _new_clause(state, evidence),
        _stated_clause(rules, evidence),
    ]
    reasons = "; ".join(clause for clause in clauses if clause) or "no lesion is followed"
    return f"{category} by {rules.name} [{_place(rules, state, category, target, non_target)}]: {reasons}."


def lesions(uids: Iterable[str], names: Mapping[str, str]) -> str:
    """Lesions by label, or by the end of their UID: `T1, T2 and lesion 1.2.34`; by both where two have one label."""
    return _listed([_name(uid, names) for uid in uids])


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _name(uid: str, names: Mapping[str, str]) -> str:
    label = names.get(uid)
    if label is None:
        return f"{UNLABELLED}{uid[-6:]}"
    shared = sum(other == label for other in names.values()) > 1
    return f"{label} ({uid[-6:]})" if shared else label


def _place(rules: SumRules, state: LineState, category: str, target: str | None, non_target: str | None) -> str:
    places = rules.places
    if category == "PD" and state.again:
        return places.again
    if category == "PD" and target != "PD":
        return places.non_target if non_target == "PD" else places.new
    if category == "NE":
        return places.missing
    if category == target:
        return places.target
    return places.non_target if target is None else places.overall


def _target_clause(rules: SumRules, state: LineState, evidence: VisitEvidence, target: str | None) -> str:
    if target is None:
        return ""
    if state.baseline is None or state.nadir is None:
        return "the baseline has no sum, a target was not measured there"
    if evidence.total is None:
        return _incomplete_clause(rules, state, evidence, state.nadir, target)
    said = f"{_sum_of(rules, state)} is {_number(evidence.total)} {rules.measure.unit}"
    if evidence.normal:
        return f"{said}, every target is gone or a normal node"
    if rules.progresses(evidence.total, state.nadir.total):
        return f"{said}, {_far(rules, evidence.total, state.nadir)} the nadir of {_reference(rules, state.nadir)}"
    below = f"{said}, {_far(rules, evidence.total, state.baseline)} the baseline of {_reference(rules, state.baseline)}"
    if rules.responds(evidence.total, state.baseline.total):
        return below
    return f"{below} and {_far(rules, evidence.total, state.nadir)} the nadir of {_reference(rules, state.nadir)}"


def _incomplete_clause(
    rules: SumRules, state: LineState, evidence: VisitEvidence, nadir: SumAt, target: str | None
) -> str:
    missing = [uid for uid, reading in evidence.targets.items() if reading.size is None]
    said = f"target {lesions(missing, state.labels)} not evaluated" if missing else "no target evaluated"
    if target != "PD" or not rules.progresses(evidence.evaluated, nadir.total):
        return said
    alone = f"the others alone add up to {_number(evidence.evaluated)} {rules.measure.unit}"
    return f"{said}, {alone}, {_far(rules, evidence.evaluated, nadir)} the nadir of {_reference(rules, nadir)}"


def _again_clause(state: LineState, evidence: VisitEvidence) -> str:
    if not state.again:
        return ""
    readings = {**evidence.targets, **evidence.non_targets}
    back = [uid for uid, reading in readings.items() if reading.seen]
    if back:
        return f"{lesions(back, state.labels)} seen again after a complete response"
    kinds = " and ".join(role.value.replace("_", "-") for role in LesionRole if role in state.again)
    return f"{kinds} disease had come back after a complete response"


def _non_target_clause(state: LineState, evidence: VisitEvidence, non_target: str | None) -> str:
    readings = evidence.non_targets
    progressed = [uid for uid, reading in readings.items() if reading.progressed]
    if progressed:
        return f"unequivocal progression of non-target {lesions(progressed, state.labels)}"
    if non_target == "NE":
        missing = [uid for uid, reading in readings.items() if reading.seen is None]
        return f"non-target {lesions(missing, state.labels)} not evaluated"
    if non_target == "CR":
        return "every non-target is gone or a normal node"
    there = [uid for uid, reading in readings.items() if reading.seen]
    return f"non-target {lesions(there, state.labels)} still there" if there else ""


def _new_clause(state: LineState, evidence: VisitEvidence) -> str:
    new = [_name(uid, state.labels).removeprefix(UNLABELLED) for uid in sorted(evidence.new)]
    return f"new lesion{'s' if len(new) > 1 else ''} {_listed(new)}" if new else ""


def _stated_clause(rules: SumRules, evidence: VisitEvidence) -> str:
    if evidence.stated is None or evidence.total is None or abs(evidence.stated - evidence.total) <= TOLD_FROM:
        return ""
    return f"the report states a sum of {_number(evidence.stated)} {rules.measure.unit}, its lesions count"


def _sum_of(rules: SumRules, state: LineState) -> str:
    name = f"the {rules.measure.sum_name}"
    return f"{name} as stated" if state.by_sum else f"{name} of {lesions(state.roles.targets, state.labels)}"


def _far(rules: SumRules, total: Fraction, reference: SumAt) -> str:
    """How far a sum is from its reference: `15 mm (30.0 %) above`."""
    far, percent = apart(total, reference.total), percent_change(total, reference.total)
    if far == 0:
        return "as at"
    share = "" if percent is None else f" ({abs(percent):.1f} %)"
    return f"{_shortened(abs(far))} {rules.measure.unit}{share} {'above' if far > 0 else 'below'}"


def _reference(rules: SumRules, reference: SumAt) -> str:
    return f"{_number(reference.total)} {rules.measure.unit} on {reference.day.isoformat()}"


def _number(value: Fraction) -> str:
    return _shortened(near(value))


def _shortened(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
