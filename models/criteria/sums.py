"""A criterion that judges a sum, what else is there and what is new: RECIST 1.1, RANO and volumes alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from models.criteria.criterion import CategoryScale, Judgement, SumAt
from models.criteria.evidence import LineState, VisitEvidence, added, evidence_at, stated_sum
from models.criteria.finding import LesionRole, is_stand_in
from models.criteria.measures import DiameterMeasure
from models.criteria.roles import BaselineRoles, roles_at
from models.criteria.rules import SumRules
from models.criteria.scene import Parents, Scene, with_splits
from models.criteria.trace import baseline_sentence, visit_sentence
from models.criteria.visit import Assessment

NEITHER = "Non-CR/Non-PD"
"""Non-target disease that is still there and has not progressed; in letters, never SD [Table 2]."""

SUM_SCALE = CategoryScale(
    ranks={"NE": 0, "PD": 1, "SD": 2, NEITHER: 2, "PR": 3, "CR": 4},
    complete="CR",
    partial="PR",
    stable=frozenset({"SD", NEITHER}),
    progressive=frozenset({"PD"}),
    final=frozenset({"PD"}),
)


@dataclass(frozen=True)
class SumCriterion:
    """Judges a line by these rules."""

    rules: SumRules
    scale: CategoryScale = SUM_SCALE

    @property
    def name(self) -> str:
        return self.rules.name

    @property
    def of_diameters(self) -> bool:
        return isinstance(self.rules.measure, DiameterMeasure)

    def baseline(self, earlier: Sequence[Assessment], visit: Assessment) -> tuple[LineState, Judgement]:
        """The roles and the sum that the baseline of a line fixes; earlier sums are no nadir."""
        state = self._without_sum(earlier, visit)
        scene = Scene(visit.findings, state.parents, self.rules.measure, state.roles.nodes)
        total, _ = added(scene.reading(uid) for uid in state.roles.targets)
        if state.by_sum:
            total = stated_sum(visit)
        reference = None if total is None else SumAt(total, visit.at, visit.day)
        state = replace(state, baseline=reference, nadir=reference)
        trace = baseline_sentence(self.rules, state)
        roles = state.roles
        said = Judgement(None, None, None, (), total, reference, None, trace, roles.targets, roles.non_targets)
        return state, said

    def visit(self, memory: LineState, visit: Assessment) -> tuple[LineState, Judgement]:
        """The judgement of a later visit, and the line as it stands after it."""
        state = self.informed(memory, visit)
        evidence = evidence_at(visit, state, self.rules.measure, self.rules.limits)
        again = state.again | evidence.there if state.completed else state.again
        if (evidence.new, again) != (state.new, state.again):
            state = replace(state, new=evidence.new, again=again)
        target = target_category(self.rules, state, evidence)
        non_target = non_target_category(state, evidence)
        category = overall_category(target, non_target, bool(evidence.new))
        trace = visit_sentence(self.rules, state, evidence, category, target, non_target)
        new = tuple(sorted(evidence.new))
        judged = Judgement(category, target, non_target, new, evidence.total, state.baseline, state.nadir, trace)
        nadir = _lower(state.nadir, evidence.total, visit)
        completed = state.completed or category == self.scale.complete
        same = nadir is state.nadir and completed is state.completed
        return state if same else replace(state, nadir=nadir, completed=completed), judged

    def informed(self, state: LineState, visit: Assessment) -> LineState:
        """The line once it knows which lesions of the visit are fragments, and what they are called."""
        parents, labels = with_splits(state.parents, visit.findings, state.roles.followed), _labels(state.labels, visit)
        if parents is state.parents and labels == state.labels:
            return state
        return replace(state, parents=parents, labels=labels)

    def _without_sum(self, earlier: Sequence[Assessment], visit: Assessment) -> LineState:
        parents: Parents = {}
        labels: dict[str, str] = {}
        for assessment in (*earlier, visit):
            parents = with_splits(parents, assessment.findings)
            labels = _labels(labels, assessment)
        scenes = [Scene(before.findings, parents, self.rules.measure, {}) for before in earlier]
        scene = Scene(visit.findings, parents, self.rules.measure, {})
        roles = roles_at(scene, scenes, self.rules.limits) if visit.findings else BaselineRoles()
        return LineState(roles, parents, labels, by_sum=not visit.findings)


def target_category(rules: SumRules, state: LineState, evidence: VisitEvidence) -> str | None:
    """The targets by themselves [RECIST 1.1, 4.3.1]; one not evaluated leaves PD by the others only [4.4.2]."""
    if not (state.roles.targets or state.by_sum):
        return None
    if LesionRole.TARGET in state.again:
        return "PD"
    if state.baseline is None or state.nadir is None:
        return "NE"
    if evidence.total is None:
        return "PD" if rules.progresses(evidence.evaluated, state.nadir.total) else "NE"
    if evidence.normal:
        return "CR"
    if rules.progresses(evidence.total, state.nadir.total):
        return "PD"
    return "PR" if rules.responds(evidence.total, state.baseline.total) else "SD"


def non_target_category(state: LineState, evidence: VisitEvidence) -> str | None:
    """The non-targets by themselves [RECIST 1.1, 4.3.3]: progression is told by the reader, no size ever is."""
    readings = evidence.non_targets.values()
    if not readings:
        return None
    if LesionRole.NON_TARGET in state.again or any(reading.progressed for reading in readings):
        return "PD"
    if any(reading.seen is None for reading in readings):
        return "NE"
    return NEITHER if any(reading.seen for reading in readings) else "CR"


def overall_category(target: str | None, non_target: str | None, new: bool) -> str:
    """Targets, non-targets and new lesions together [RECIST 1.1, Tables 1 and 2]."""
    if new or "PD" in (target, non_target):
        return "PD"
    if target is None:
        return non_target or "NE"
    if target == "CR" and non_target not in (None, "CR"):
        return "PR"
    return target


def _lower(nadir: SumAt | None, total: Fraction | None, visit: Assessment) -> SumAt | None:
    if total is None or (nadir is not None and nadir.total <= total):
        return nadir
    return SumAt(total, visit.at, visit.day)


def _labels(known: Mapping[str, str], visit: Assessment) -> dict[str, str]:
    """What lesions are called after a visit: by its labels, but none stands in for one that is known."""
    said = {finding.lesion_uid: finding.label for finding in visit.findings if finding.label}
    return {**known, **{uid: label for uid, label in said.items() if uid not in known or not is_stand_in(label)}}
