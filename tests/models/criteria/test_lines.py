"""Lines of therapy: where they start, whose a visit is, and which visit is the baseline."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from models.criteria.course import lines_of_therapy
from models.criteria.finding import LesionRole, NamedBy
from models.criteria.visit import Assessment, LineOfTherapy, TreatmentStart
from tests.models.criteria.notation import assessment, day

DRUG = "drug"
GROWING = [(0, "T1 50"), (60, "T1 40"), (120, "T1 60"), (180, "T1 60"), (240, "T1 80")]
"""SD, then PD on day 120."""


def course(*visits: tuple[int, str]) -> list[Assessment]:
    return [assessment(text, on) for on, text in visits]


def starts(*entries: tuple[int, str, int | None]) -> list[TreatmentStart]:
    return [TreatmentStart(day(on), kind, line) for on, kind, line in entries]


def outline(lines: Sequence[LineOfTherapy]) -> list[str]:
    """Each line as `number: day of its baseline: categories`."""
    return [
        f"{line.number}: {None if line.baseline is None else line.baseline.scan_uid}: "
        + " ".join(str(verdict.category) for verdict in line.verdicts[1:])
        for line in lines
    ]


def lines(visits: Sequence[tuple[int, str]], *entries: tuple[int, str, int | None]) -> list[str]:
    return outline(lines_of_therapy(course(*visits), starts(*entries)))


WHOLE = ["1: scan-0: SD PD PD PD"]


def test_nothing_known_makes_no_line() -> None:
    assert lines([]) == []
    assert lines([], (5, "baseline", None)) == []


def test_without_treatment_the_first_visit_with_lesions_is_the_baseline() -> None:
    assert lines([(0, ""), (10, "T1 50"), (60, "T1 60")]) == ["1: scan-10: PD"]


def test_a_treatment_without_visits_is_a_line_without_a_baseline() -> None:
    assert lines([], (0, DRUG, None)) == ["1: None: "]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (0, ["1: scan-0: SD PD PD PD"]),
        (59, ["1: scan-0: SD PD PD PD"]),
        (60, ["1: scan-60: PD PD PD"]),
        (61, ["1: scan-60: PD PD PD"]),
        (179, ["1: scan-120: SD PD"]),
        (500, ["1: scan-240: "]),
        (-5, ["1: scan-0: SD PD PD PD"]),
    ],
)
def test_the_baseline_is_the_last_visit_on_or_before_the_start(start: int, expected: list[str]) -> None:
    assert lines(GROWING, (start, DRUG, None)) == expected


@pytest.mark.parametrize("kind", ["drug", "radiotherapy", "radiation", "surgery", "chemotherapy", "hormone"])
def test_a_treatment_after_a_progression_starts_a_line(kind: str) -> None:
    assert lines(GROWING, (0, DRUG, None), (130, kind, None)) == ["1: scan-0: SD PD", "2: scan-120: SD PD"]


def test_on_the_day_of_the_progression_counts_as_after() -> None:
    assert lines(GROWING, (0, DRUG, None), (120, DRUG, None)) == ["1: scan-0: SD PD", "2: scan-120: SD PD"]


@pytest.mark.parametrize(
    "entry", [(119, DRUG, None), (60, DRUG, None), (130, "supportive", None), (130, DRUG, 1), (0, DRUG, None)]
)
def test_other_treatments_start_none(entry: tuple[int, str, int | None]) -> None:
    assert lines(GROWING, (0, DRUG, None), entry) == WHOLE


def test_a_stated_line_that_rises_starts_one_without_progression() -> None:
    assert lines(GROWING, (0, DRUG, 1), (70, DRUG, 2)) == ["1: scan-0: SD", "2: scan-60: PD PD PD"]
    assert lines(GROWING, (0, DRUG, 2), (70, "supportive", 4)) == ["2: scan-0: SD", "4: scan-60: PD PD PD"]
    assert lines(GROWING, (0, DRUG, 2), (70, DRUG, 1)) == ["2: scan-0: SD PD PD PD"]


def test_several_on_one_day_make_one_line() -> None:
    expected = ["1: scan-0: SD PD", "3: scan-120: SD PD"]
    assert lines(GROWING, (0, DRUG, None), (0, DRUG, None), (130, DRUG, None), (130, DRUG, 3)) == expected
    assert lines(GROWING, (0, DRUG, None), (0, "baseline", None)) == WHOLE


def test_a_progression_starts_lines_only_by_its_own_line() -> None:
    third = lines(GROWING, (0, DRUG, None), (130, DRUG, None), (200, DRUG, None), (250, DRUG, None))
    assert third == ["1: scan-0: SD PD", "2: scan-120: SD PD", "3: scan-240: "]


def test_a_logged_baseline_starts_a_line_on_its_day() -> None:
    assert lines(GROWING, (0, DRUG, None), (60, "baseline", None)) == ["1: scan-0: SD", "2: scan-60: PD PD PD"]
    assert lines(GROWING, (60, "baseline", None)) == ["1: scan-0: SD", "2: scan-60: PD PD PD"]
    assert lines(GROWING, (0, "baseline", None)) == ["1: scan-0: ", "2: scan-0: SD PD PD PD"]


def test_the_baseline_of_a_new_line_keeps_its_verdict_in_the_line_before() -> None:
    first, second = lines_of_therapy(course(*GROWING), starts((0, DRUG, None), (120, DRUG, None)))
    assert first.visits == ("scan-0", "scan-60", "scan-120")
    assert second.visits == ("scan-120", "scan-180", "scan-240")
    assert [verdict.category for verdict in first.verdicts] == [None, "SD", "PD"]
    assert second.verdicts[0].category is None
    assert second.verdicts[0].sum_of_diameters == 60
    assert second.verdicts[1].nadir_sum == 60
    assert second.start_day == day(120)


def test_visits_before_the_baseline_belong_to_line_1_without_a_verdict_and_are_no_nadir() -> None:
    (line,) = lines_of_therapy(course((0, "T1 20"), (30, "T1 50"), (90, "T1 50")), starts((40, DRUG, None)))
    assert line.visits == ("scan-0", "scan-30", "scan-90")
    assert [(verdict.scan_uid, verdict.category) for verdict in line.verdicts] == [("scan-30", None), ("scan-90", "SD")]


def test_what_was_seen_only_before_the_baseline_is_neither_new_nor_followed() -> None:
    visits = course((0, "T1 20, X1 30"), (30, "T1 50"), (90, "T1 50, X1 30"))
    (line,) = lines_of_therapy(visits, starts((40, DRUG, None)))
    assert line.verdicts[-1].category == "SD"
    assert line.targets + line.non_targets == ("T1",)


def test_a_visit_that_says_nothing_of_lesions_changes_nothing() -> None:
    with_gap = [*GROWING[:2], (90, ""), *GROWING[2:]]
    (line,) = lines_of_therapy(course(*with_gap), starts((0, DRUG, None)))
    assert outline([line]) == WHOLE
    assert line.visits == ("scan-0", "scan-60", "scan-90", "scan-120", "scan-180", "scan-240")


def test_roles_are_fixed_anew_by_each_line() -> None:
    visits = course((0, "L1 50, L2 s"), (60, "L1 80, L2 20"), (120, "L1 80, L2 20"))
    first, second = lines_of_therapy(visits, starts((0, DRUG, None), (60, DRUG, None)))
    assert (first.targets, first.non_targets) == (("L1",), ("L2",))
    assert (second.targets, second.non_targets) == (("L1", "L2"), ())


def test_fragments_are_one_lesion_in_the_next_line_too() -> None:
    visits = course((0, "T1 50"), (60, "T1a 40 <T1, T1b 30 <T1"), (120, "T1a 40, T1b 30"))
    first, second = lines_of_therapy(visits, starts((0, DRUG, None), (60, DRUG, None)))
    assert [verdict.category for verdict in first.verdicts] == [None, "PD"]
    assert second.targets == ("T1",)
    assert [verdict.sum_of_diameters for verdict in second.verdicts] == [70, 70]


def test_a_line_over_before_its_first_visit_has_no_baseline() -> None:
    assert lines([(60, "T1 50"), (120, "T1 60")], (0, DRUG, 1), (30, DRUG, 2)) == ["1: None: ", "2: scan-60: PD"]


def test_a_visit_on_the_day_of_a_start_belongs_to_the_line_before() -> None:
    visits = course((0, "T1 50"), (60, "T1 60"), (70, ""), (120, "T1 60"))
    first, second = lines_of_therapy(visits, starts((0, DRUG, None), (70, DRUG, None)))
    assert first.visits == ("scan-0", "scan-60", "scan-70")
    assert second.visits == ("scan-60", "scan-120")


def test_a_lesion_with_a_fragment_unaccounted_for_is_no_target_by_default() -> None:
    visits = course((0, "L1 50, L2 20"), (60, "L1 40, L1a 20 <L1, L2 20"), (120, "L1 70, L2 30"), (180, "L2 30"))
    _, second = lines_of_therapy(visits, starts((0, DRUG, 1), (120, DRUG, 2)))
    assert (second.targets, second.non_targets) == (("L2",), ("L1",))


def test_what_only_a_model_outlined_and_nothing_ties_to_a_lesion_is_not_new_unless_a_person_says_so() -> None:
    outlined = {"source": "model", "named_by": NamedBy.OBJECT}

    def category(**more: object) -> str | None:
        before, after = course((0, "T1 20"), (60, "T1 20, L1 30"))
        stays, appears = after.findings
        after = replace(after, findings=(stays, replace(appears, **more)))
        (line,) = lines_of_therapy([before, after], starts((0, DRUG, None)))
        return line.verdicts[-1].category

    assert category(**outlined) == "SD"
    assert category(**outlined, decided=LesionRole.NON_TARGET) == "PD"
    assert category(source="model") == category(**(outlined | {"source": "SEG"})) == "PD"
