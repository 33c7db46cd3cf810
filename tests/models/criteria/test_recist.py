"""RECIST 1.1 case by case, each with its place in the paper (Eisenhauer et al., EJC 2009;45:228-247)."""

from pathlib import Path

import pytest

from tests.models.criteria.notation import one_line, said, visits

TABLE = Path(__file__).parent / "recist_cases.txt"
CASES = [line for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("case", CASES)
def test_a_case(case: str) -> None:
    _, _, baseline, *later = [field.strip() for field in case.split(" | ")]
    texts, expected = zip(*(field.split(" => ") for field in later), strict=True)
    verdicts = one_line(visits(baseline, *texts)).verdicts[1:]
    assert [said(verdict, like) for verdict, like in zip(verdicts, expected, strict=True)] == list(expected)


def test_there_are_enough_cases_and_none_twice() -> None:
    assert len(CASES) >= 200
    assert len(set(CASES)) == len(CASES)
