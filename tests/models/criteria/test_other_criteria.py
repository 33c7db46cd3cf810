"""iRECIST, RANO and volumes: what differs from RECIST 1.1."""

import pytest

from models.criteria.finding import LesionFinding, LesionState
from models.criteria.visit import Assessment, LineOfTherapy
from tests.models.criteria.notation import assessment, day, one_line, visits


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        (["T1 50", "T1 50"], "iSD"),
        (["T1 50", "T1 30"], "iPR"),
        (["T1 50", "T1 -"], "iCR"),
        (["N1 +", "N1 +"], "Non-iCR/Non-iUPD"),
        (["T1 50", "T1 ?"], "NE"),
        (["T1 50", "T1 60"], "iUPD"),
        (["T1 50", "T1 60", "T1 64.9"], "iUPD iUPD"),
        (["T1 50", "T1 60", "T1 65"], "iUPD iCPD"),
        (["T1 50", "T1 60", "T1 64", "T1 66"], "iUPD iUPD iCPD"),  # increases add up
        (["T1 50", "T1 60", "T1 55"], "iUPD iSD"),
        (["T1 50", "T1 60", "T1 55", "T1 65"], "iUPD iSD iUPD"),  # the bar is reset
        (["T1 50", "T1 60", "T1 30", "T1 36"], "iUPD iPR iUPD"),
        (["T1 50", "T1 60", "T1 ?", "T1 65"], "iUPD NE iCPD"),
        (["T1 50", "T1 60", "T1 60, X1 5"], "iUPD iCPD"),
        (["T1 50, N1 +", "T1 60, N1 +", "T1 60, N1 !"], "iUPD iCPD"),
        (["T1 50, N1 +", "T1 50, N1 !", "T1 50, N1 +"], "iUPD iSD"),
        (["T1 50, N1 +", "T1 50, N1 !", "T1 50, N1 !"], "iUPD iCPD"),
        (["T1 50", "T1 50, X1 8", "T1 50, X1 8"], "iUPD iUPD"),  # as it was, targets stable
        (["T1 50", "T1 50, X1 8", "T1 50, X1 12.9"], "iUPD iUPD"),
        (["T1 50", "T1 50, X1 8", "T1 50, X1 13"], "iUPD iCPD"),
        (["T1 50", "T1 50, X1 8", "T1 50, X1 8, X2 3"], "iUPD iCPD"),
        (["T1 50", "T1 50, X1 8", "T1 50, X1 -"], "iUPD iSD"),
        (["T1 50", "T1 50, X1 8", "T1 30, X1 8"], "iUPD iPR"),  # targets shrink further
        (["T1 50", "T1 50, X1 8", "T1 30, X1 8", "T1 30, X1 8, X2 4"], "iUPD iPR iUPD"),
        (["T1 50", "T1 30, X1 8", "T1 30, X1 8"], "iUPD iUPD"),
        (["T1 50", "T1 50, X1 +", "T1 50, X1 +"], "iUPD iUPD"),
        (["T1 50", "T1 50, X1 +", "T1 50, X1 !"], "iUPD iCPD"),  # no number, but the reader's word
        (["T1 50", "T1 50, X1 8", "T1 60, X1 8"], "iUPD iCPD"),
        (["T1 50", "T1 60", "T1 65", "T1 65"], "iUPD iCPD iCPD"),
        (["T1 50, N1 20", "T1 50, N1 30!", "T1 50, N1 35"], "iUPD iCPD"),  # need not be unequivocal again
        (["T1 50, N1 20", "T1 50, N1 30!", "T1 50, N1 34.9"], "iUPD iSD"),
        (["T1 50, N1 20", "T1 50, N1 30!", "T1 ?, N1 35"], "iUPD iCPD"),
        (["T1 50, N1 9", "T1 -, N1 -", "T1 -, N1 9", "T1 -, N1 9"], "iCR iUPD iUPD"),
        (["T1 50", "T1 50, X1 8", "T1 30, X1 8", "T1 30, X1 -", "T1 30, X1 8"], "iUPD iPR iPR iUPD"),
    ],
)
def test_irecist(course: list[str], expected: str) -> None:
    verdicts = one_line(visits(*course), "iRECIST").verdicts[1:]
    assert " ".join(str(verdict.category) for verdict in verdicts) == expected


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (["X1 12", "X1 12"], "iPR iPR"),
        (["X1 16.9"], "iPR"),  # less than 5 mm
        (["X1 17"], "iUPD"),
        (["X1 17", "X1 21.9", "X1 22"], "iUPD iUPD iCPD"),
        (["X1 8", "X1 13"], "iPR iUPD"),  # counted from the smallest
        (["X1 ?", "X1 14", "X1 17"], "iPR iPR iUPD"),  # increases add up
        (["X1 40", "X1 44"], "iUPD iUPD"),
        (["X1 !"], "iUPD"),
    ],
)
def test_a_new_lesion_that_a_response_has_outlived_is_progression_once_it_grows(
    later: list[str], expected: str
) -> None:
    """Else a patient with a metastasis that grows for years would be in response for ever."""
    course = ["T1 50", "T1 50, X1 12", "T1 30, X1 12", *(f"T1 30, {each}" for each in later)]
    verdicts = one_line(visits(*course), "iRECIST").verdicts[3:]
    assert " ".join(str(verdict.category) for verdict in verdicts) == expected


def test_irecist_confirms_after_four_weeks_only() -> None:
    for days, category in ((27, "iUPD"), (28, "iCPD")):
        course = [assessment("T1 50", 0), assessment("T1 60", 60), assessment("T1 65", 60 + days)]
        assert one_line(course, "iRECIST").verdicts[-1].category == category


def test_irecist_best_goes_on_over_unconfirmed_progression() -> None:
    best = [verdict.best_overall for verdict in one_line(visits("T1 50", "T1 60", "T1 30"), "iRECIST").verdicts]
    assert best == [None, "iUPD", "iPR"]
    assert "is confirmed" not in one_line(visits("T1 50", "T1 60", "T1 62"), "iRECIST").verdicts[-1].trace


def products(*texts: str, criterion: str = "RANO") -> LineOfTherapy:
    """`A 40 20, B 10 10`: two diameters per lesion; one alone: a diameter without its perpendicular."""
    return one_line([with_sizes(text, index) for index, text in enumerate(texts)], criterion)


def with_sizes(text: str, index: int) -> Assessment:
    findings = []
    for word in text.split(", "):
        name, *sizes = word.split()
        long, short = float(sizes[0]), float(sizes[1]) if len(sizes) > 1 else None
        findings.append(LesionFinding(name, LesionState.MEASURED, name, long_axis_mm=long, short_axis_mm=short))
    empty = assessment("", index * 56)
    return Assessment(empty.scan_uid, empty.at, day(index * 56), tuple(findings))


@pytest.mark.parametrize(
    ("course", "category", "total"),
    [
        (["A 40 20", "A 40 20"], "SD", 800),
        (["A 40 20", "A 20 20"], "PR", 400),  # exactly 50 % below
        (["A 40 20", "A 20 20.1"], "SD", 402),
        (["A 40 20", "A 40 25"], "PD", 1000),  # exactly 25 % above
        (["A 40 20", "A 40 24.9"], "SD", 996),
        (["A 40 20", "A 20 20", "A 25 20"], "PD", 500),  # above the smallest sum
        (["A 20 10, B 20 20", "A 20 10, B 20 5"], "PR", 300),
        (["A 40 20", "A 0"], "CR", 0),
        (["A 40 20", "A 40"], "NE", None),
        (["A 40 20", "A 40 20, B 5 5"], "PD", 800),
        (["A 40 9", "A 40 20"], "Non-CR/Non-PD", None),  # both diameters have to be 10 mm
        (["A 10 10", "A 12.5 10"], "PD", 125),
        (["A 11.1 10.1", "A 14.01375 10"], "PD", 140.1375),
        (["A 11.1 10.1", "A 14.013749 10"], "SD", 140.13749),
    ],
)
def test_rano(course: list[str], category: str, total: float | None) -> None:
    last = products(*course).verdicts[-1]
    assert (last.category, last.sum_of_diameters) == (category, total)


def test_rano_takes_five_targets_and_rano_2_two() -> None:
    text = ", ".join(f"{name} {size} 20" for name, size in zip("ABCDEF", range(30, 60, 5), strict=True))
    assert len(products(text, text).targets) == 5
    assert products(text, text, criterion="RANO 2.0").targets == ("F", "E")
    assert "[sum of products]" in products("A 40 20", "A 40 25").verdicts[-1].trace
    assert "1000 mm²" in products("A 40 20", "A 40 25").verdicts[-1].trace


def volumes(*texts: str, criterion: str = "volume") -> LineOfTherapy:
    """`A 10, B 2.5`: volumes in ml."""
    course = []
    for index, text in enumerate(texts):
        pairs = [word.split() for word in text.split(", ")]
        findings = [LesionFinding(name, LesionState.MEASURED, name, volume_ml=float(size)) for name, size in pairs]
        empty = assessment("", index * 56)
        course.append(Assessment(empty.scan_uid, empty.at, empty.day, tuple(findings)))
    return one_line(course, criterion)


@pytest.mark.parametrize(
    ("course", "category"),
    [
        (["A 10", "A 10"], "SD"),
        (["A 10", "A 3.4"], "PR"),  # exactly 66 % below
        (["A 10", "A 3.401"], "SD"),
        (["A 10", "A 17.3"], "PD"),  # exactly 73 % above
        (["A 10", "A 17.299"], "SD"),
        (["A 10", "A 5", "A 8.65"], "PD"),
        (["A 10", "A 0"], "CR"),
        (["A 10", "A 10, B 0.01"], "PD"),
        (["A 0.5235", "A 5"], "Non-CR/Non-PD"),  # smaller than a sphere of 10 mm
        (["A 0.5236", "A 5"], "PD"),
    ],
)
def test_volume(course: list[str], category: str) -> None:
    assert volumes(*course).verdicts[-1].category == category


def test_volumes_by_rano_2_have_limits_of_their_own() -> None:
    for sizes, category in (("14", "PD"), ("13.99", "SD"), ("3.5", "PR"), ("3.51", "SD")):
        assert volumes("A 10", f"A {sizes}", criterion="RANO 2.0 volume").verdicts[-1].category == category


def test_a_stated_sum_of_diameters_says_nothing_to_other_measures() -> None:
    assert one_line(visits("=100", "=50"), "volume").baseline is None
