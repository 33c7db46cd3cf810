"""What holds for any course: order, prefixes, scale, and a second reckoning of random programs."""

import random
from dataclasses import replace

import pytest

from models.criteria.course import CRITERIA, lines_of_therapy
from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.criteria.visit import Assessment, TreatmentStart
from tests.models.criteria.notation import assessment, day, one_line
from tests.models.criteria.reference import MM, rows

STATES = [LesionState.MEASURED] * 12 + [
    LesionState.TOO_SMALL,
    LesionState.GONE,
    LesionState.GONE,
    LesionState.PRESENT,
    LesionState.NOT_EVALUATED,
]
LIMITS = [0.0, 4.9, 5.0, 7.0, 8.4, 9.999999, 10.0, 12.0, 14.0, 15.0, 16.8, 20.0, 24.0, 25.0, 30.0]
SEEDS = range(60)
COURSES_PER_SEED = 20


def a_lesion(
    dice: random.Random, name: str, role: LesionRole | None, node: bool, states: list[LesionState]
) -> LesionFinding:
    state = dice.choice(states)
    size = dice.choice(LIMITS) if dice.random() < 0.7 else round(dice.uniform(0, 60), 1)
    measured = size if state is LesionState.MEASURED else None
    long_alone = node and dice.random() < 0.05
    return LesionFinding(
        lesion_uid=name,
        state=state,
        node=node,
        role=role,
        progressed=state is LesionState.PRESENT and dice.random() < 0.3,
        long_axis_mm=measured if long_alone or not node else None,
        short_axis_mm=measured if node and not long_alone else None,
    )


def a_course(dice: random.Random, plain: bool = False) -> list[Assessment]:
    """A baseline and later visits; `plain`: every lesion measured, none lost, none new."""
    states = [LesionState.MEASURED] if plain else STATES
    nodes = {f"T{i}": not plain and dice.random() < 0.3 for i in range(dice.randint(0 if not plain else 1, 3))}
    nodes |= {f"N{i}": dice.random() < 0.3 for i in range(0 if plain else dice.randint(0, 2))}
    course = []
    for index in range(dice.randint(2, 6)):
        mostly = [LesionState.MEASURED] * 8 + [LesionState.PRESENT] if index == 0 and not plain else states
        findings = [
            a_lesion(dice, name, LesionRole(["non_target", "target"][name[0] == "T"]), node, mostly)
            for name, node in nodes.items()
            if plain or index == 0 or dice.random() < 0.95
        ]
        if index and not plain:
            findings = [*_linked(dice, findings), *_strangers(dice)]
        course.append(replace(assessment("=1", index * 56), findings=tuple(findings), stated_sum_mm=None))
    return [visit for index, visit in enumerate(course) if index == 0 or visit.findings]


def _linked(dice: random.Random, findings: list[LesionFinding]) -> list[LesionFinding]:
    """Now and then a lesion falls apart, or merges with another."""
    for position, finding in enumerate(list(findings)):
        chance = dice.random()
        if chance < 0.06:
            parts = [a_lesion(dice, f"{finding.lesion_uid}{part}", None, finding.node, STATES) for part in "ab"]
            findings += [replace(part, split_from=finding.lesion_uid) for part in parts]
        elif chance < 0.1 and finding.state in (LesionState.PRESENT, LesionState.NOT_EVALUATED):
            other = dice.choice(findings).lesion_uid
            if other[-1] not in "ab" and other != finding.lesion_uid:
                findings[position] = replace(finding, merged_into=other)
    names: dict[str, LesionFinding] = {finding.lesion_uid: finding for finding in findings}
    merged = {uid for uid, finding in names.items() if finding.merged_into}
    return [
        replace(finding, merged_into=None) if finding.merged_into in merged else finding for finding in names.values()
    ]


def _strangers(dice: random.Random) -> list[LesionFinding]:
    return [
        a_lesion(dice, name, None, node, STATES)
        for name, node in (("X1", False), ("X2", False), ("X3", True))
        if dice.random() < 0.12
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_courses_are_judged_as_by_the_plain_reference(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(COURSES_PER_SEED):
        course = a_course(dice)
        if not course[0].findings:
            continue
        verdicts = one_line(course).verdicts[1:]
        judged = [
            (v.category, v.target_category, v.non_target_category, v.new_lesions, micro(v.sum_of_diameters))
            for v in verdicts
        ]
        assert judged == rows(course[0], course[1:]), course


def micro(total: float | None) -> int | None:
    return None if total is None else round(total * MM)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_lesions_in_a_visit_does_not_matter(seed: int) -> None:
    dice = random.Random(seed)
    course = a_course(dice)
    mixed = [replace(visit, findings=tuple(dice.sample(visit.findings, len(visit.findings)))) for visit in course]
    assert one_line(course).verdicts == one_line(mixed).verdicts
    assert one_line(course).targets == one_line(mixed).targets


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("criterion", sorted(CRITERIA))
def test_a_later_visit_changes_no_verdict(seed: int, criterion: str) -> None:
    dice = random.Random(seed)
    more = [replace(visit, day=day(400 + i * 50), scan_uid=f"more-{i}") for i, visit in enumerate(a_course(dice))]
    course = a_course(dice) + more
    starts = [TreatmentStart(day(0), "drug"), *(TreatmentStart(day(dice.randint(1, 700)), "drug") for _ in range(3))]
    whole = [verdict for line in lines_of_therapy(course, starts, criterion) for verdict in line.verdicts]
    for length in range(1, len(course)):
        part = [v for line in lines_of_therapy(course[:length], starts, criterion) for v in line.verdicts]
        judged = [verdict for verdict in part if verdict.category is not None]
        assert [verdict for verdict in judged if verdict not in whole] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_unit_of_large_lesions_does_not_matter(seed: int) -> None:
    dice = random.Random(seed)
    course = a_course(dice, plain=True)
    large = [resized(visit, 1) for visit in course]
    larger = [resized(visit, 3) for visit in course]
    assert [v.category for v in one_line(large).verdicts] == [v.category for v in one_line(larger).verdicts]


def resized(visit: Assessment, factor: int) -> Assessment:
    """Lesions 30 mm larger, where 20 % are more than 5 mm, times a factor."""
    findings = [replace(f, long_axis_mm=((f.long_axis_mm or 0) + 30) * factor) for f in visit.findings]
    return replace(visit, findings=tuple(findings))
