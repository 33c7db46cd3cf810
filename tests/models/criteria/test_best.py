"""Over visits: best response, its confirmation, references and the sentence that tells why."""

import datetime as dt
from dataclasses import replace

import pytest

from models.criteria.best import best_overall, is_confirmed
from models.criteria.course import lines_of_therapy
from models.criteria.sums import SUM_SCALE
from models.criteria.visit import TreatmentStart
from tests.models.criteria.notation import assessment, day, one_line, visits


def dated(text: str) -> list[tuple[dt.date, str]]:
    """`PR 50, NE 70`: categories with their days."""
    return [(day(int(word.split()[1])), word.split()[0]) for word in text.split(", ")]


@pytest.mark.parametrize(
    ("course", "best"),
    [
        ("SD 41", "NE"),  # 4.6.3
        ("SD 42", "SD"),
        ("Non-CR/Non-PD 41", "NE"),
        ("Non-CR/Non-PD 42", "Non-CR/Non-PD"),
        ("PR 10", "PR"),
        ("CR 10", "CR"),
        ("NE 100", "NE"),
        ("SD 50, NE 100", "SD"),
        ("SD 30, PD 60", "PD"),
        ("SD 50, PD 100", "SD"),
        ("PD 50, PR 100", "PD"),
        ("PD 50, CR 100", "PD"),
        ("PR 50, SD 100", "PR"),
        ("PR 50, CR 100, PD 150", "CR"),
        ("NE 50, PD 100", "PD"),
        ("SD 20, SD 41, SD 43", "SD"),
    ],
)
def test_best_overall(course: str, best: str) -> None:
    assert best_overall(dated(course), day(0), SUM_SCALE) == best


@pytest.mark.parametrize(
    ("course", "confirmed"),
    [
        ("PR 50, PR 78", True),  # 4.6.1: four weeks
        ("PR 50, PR 77", False),
        ("PR 50", False),
        ("CR 50, CR 80", True),
        ("PR 50, CR 80", False),
        ("PR 50, CR 60, CR 90", True),
        ("CR 50, PR 80", True),
        ("PR 50, SD 80, PR 110", False),
        ("PR 50, NE 80, PR 110", True),
        ("PR 50, NE 80, NE 100, PR 130", False),
        ("PR 50, PR 60, PR 70, PR 79", True),
        ("CR 50, PR 80, CR 110", True),
        ("PR 50, PD 80, PR 110", False),
        ("SD 50, SD 90", False),
        ("CR 50, NE 90", False),
    ],
)
def test_confirmation(course: str, confirmed: bool) -> None:
    assert is_confirmed(dated(course), SUM_SCALE) is confirmed


def test_time_for_stable_disease_runs_from_the_later_of_start_and_baseline() -> None:
    for start, expected in ((0, "SD"), (8, "NE")):
        (line,) = lines_of_therapy(
            [assessment("T1 50", 0), assessment("T1 50", 42)], [TreatmentStart(day(start), "drug")]
        )
        assert line.verdicts[-1].best_overall == expected
    (late,) = lines_of_therapy([assessment("T1 50", 8), assessment("T1 50", 42)], [TreatmentStart(day(0), "drug")])
    assert late.verdicts[-1].best_overall == "NE"


def test_references_and_percentages() -> None:
    baseline, first, second = one_line(visits("T1 100", "T1 50", "T1 65")).verdicts
    assert (baseline.category, baseline.sum_of_diameters, baseline.best_overall) == (None, 100, None)
    assert (first.nadir_sum, first.percent_from_baseline, first.percent_from_nadir) == (100, -50, -50)
    assert (second.nadir_sum, second.nadir_at, second.percent_from_nadir) == (50, first.at, 30)
    assert (second.baseline_sum, second.percent_from_baseline, second.best_overall) == (100, -35, "PR")


def test_no_percentage_of_nothing() -> None:
    *_, last = one_line(visits("T1 50, N1 +", "T1 -, N1 +", "T1 5, N1 +")).verdicts
    assert (last.nadir_sum, last.percent_from_nadir, last.percent_from_baseline) == (0, None, -90)


def test_the_earliest_of_equal_nadirs_is_named() -> None:
    _, first, _, last = one_line(visits("T1 100", "T1 50", "T1 50", "T1 60")).verdicts
    assert last.nadir_at == first.at


@pytest.mark.parametrize(
    ("course", "trace"),
    [
        (
            ["T1 50, T2 50", "T1 30, T2 20", "T1 35, T2 30, X1 8"],
            "PD by RECIST 1.1 [4.3.1]: the sum of T1 and T2 is 65 mm, 15 mm (30.0 %) above the nadir of 50 mm on "
            "2026-03-02; new lesion X1.",
        ),
        (
            ["T1 100", "T1 60"],
            "PR by RECIST 1.1 [4.3.1]: the sum of T1 is 60 mm, 40 mm (40.0 %) below the baseline of 100 mm on "
            "2026-01-05.",
        ),
        (["T1 50, T2 50", "T1 50"], "NE by RECIST 1.1 [4.4.2]: target T2 not evaluated."),
        (["N1 +", "N1 !"], "PD by RECIST 1.1 [4.3.3]: unequivocal progression of non-target N1."),
        (
            ["T1 50", "T1 50, =70, X1 +"],
            "PD by RECIST 1.1 [4.3.5]: the sum of T1 is 50 mm, as at the baseline of 50 mm on 2026-01-05 and as at "
            "the nadir of 50 mm on 2026-01-05; new lesion X1; the report states a sum of 70 mm, its lesions count.",
        ),
        (
            ["T1 50", "T1 -", "T1 2"],
            "PD by RECIST 1.1 [Table 3]: the sum of T1 is 2 mm, 48 mm (96.0 %) below the baseline of 50 mm on "
            "2026-01-05; T1 seen again after a complete response.",
        ),
        (
            ["T1 50, T2 50", "T1 120"],
            "PD by RECIST 1.1 [4.3.1]: target T2 not evaluated, the others alone add up to 120 mm, 20 mm (20.0 %) "
            "above the nadir of 100 mm on 2026-01-05.",
        ),
    ],
)
def test_the_trace_is_a_sentence_with_rule_lesions_reference_and_arithmetic(course: list[str], trace: str) -> None:
    assert one_line(visits(*course)).verdicts[-1].trace == trace


def test_new_lesions_without_a_label_are_named_by_the_ends_of_their_uids() -> None:
    first, second = visits("T1 50", "T1 50, X1 +, X2 8")
    unlabelled = [
        replace(finding, label=None, lesion_uid=f"1.2.3.{number}00077") if finding.lesion_uid[0] == "X" else finding
        for number, finding in enumerate(second.findings)
    ]
    *_, last = one_line([first, replace(second, findings=tuple(unlabelled))]).verdicts
    assert last.trace.endswith("; new lesions 100077 and 200077.")


def test_the_baseline_says_what_it_fixed() -> None:
    trace = one_line(visits("T1 50, T2 30, N1 +")).verdicts[0].trace
    assert trace == "Baseline by RECIST 1.1: the sum of T1 and T2 is 80 mm; non-target N1."


def test_two_lesions_of_one_label_are_told_apart() -> None:
    course = [
        replace(visit, findings=tuple(replace(one, label="L1") for one in visit.findings))
        for visit in visits("T1 50, T2 30", "T1 50")
    ]
    baseline, last = one_line(course).verdicts
    assert baseline.trace == "Baseline by RECIST 1.1: the sum of L1 (T1) and L1 (T2) is 80 mm."
    assert last.trace == "NE by RECIST 1.1 [4.4.2]: target L1 (T2) not evaluated."


def test_a_lesion_keeps_its_label_where_a_later_report_has_none() -> None:
    baseline, last = visits("T1 50", "T1 40")
    last = replace(last, findings=(replace(last.findings[0], label="lesion-123456"),))
    assert "the sum of T1 is 40 mm" in one_line([baseline, last]).verdicts[-1].trace
