import math

import pytest

from models.progression import follow_up, progresses


@pytest.mark.parametrize(
    ("size_mm", "nadir_mm", "expected"),
    [
        (60.0, 50.0, True),  # exactly +20.0 %
        (59.9, 50.0, False),
        (24.9, 20.0, False),  # +24.5 %, but 4.9 mm only
        (25.0, 20.0, True),
        (12.6, 10.5, False),
        (25.2, 21.0, False),  # +20.0 %, 4.2 mm
        (30.24, 25.2, True),  # exactly +20.0 % where binary fractions are not
        (5.0, 0.0, True),  # gone and back
        (65.0, 50.0, True),  # against the nadir, whatever the baseline was
    ],
)
def test_progression_is_twenty_percent_and_five_millimetres_over_the_nadir(
    size_mm: float, nadir_mm: float, expected: bool
) -> None:
    assert progresses(size_mm, nadir_mm) is expected


def test_the_nadir_looks_back_only() -> None:
    """100 → 50 → 65 progresses at the third visit, 65 → 100 → 50 at the second."""
    falls_then_grows = follow_up([0, 40, 80], [100, 50, 65])
    assert [f.event for f in falls_then_grows] == [True, True, False]
    assert [f.time_days for f in falls_then_grows] == [80, 40, 0]
    grows_then_falls = follow_up([0, 40, 80], [65, 100, 50])
    assert [f.event for f in grows_then_falls] == [True, False, False]
    assert [f.at_risk for f in grows_then_falls] == [True, False, False]


def test_without_progression_follow_up_ends_at_the_last_visit() -> None:
    assert [(f.time_days, f.event) for f in follow_up([-10, 30, 70], [50, 45, 44])] == [
        (80, False),
        (40, False),
        (0, False),
    ]
    assert not progresses(50.0, math.inf)
