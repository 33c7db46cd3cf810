"""When a scan was acquired: one that stands apart from what agrees decides nothing, and is named."""

import datetime as dt
from itertools import permutations

import pytest

from stream.services.assembling.scan_time import ScanTime, scan_time
from stream.storage.intake.assembly import Instance

SYDNEY = dt.timezone(dt.timedelta(hours=11))


def at(day: int, hour: int = 10, minute: int = 0, *, years_off: int = 0, zone: dt.tzinfo = dt.UTC) -> dt.datetime:
    """A moment in January 2026."""
    return dt.datetime(2026 + years_off, 1, day, hour, minute, tzinfo=zone)


def of(kind: str, *moments: dt.datetime, referenced: tuple[str, ...] = ()) -> list[Instance]:
    """Instances of these moments, called after their kind and numbered from 0."""
    return [Instance(f"{kind}{n}", "", kind, moment, referenced) for n, moment in enumerate(moments)]


OFF = at(10, years_off=-2)


@pytest.mark.parametrize(
    ("images", "reports", "expected", "apart"),
    [
        ([at(10, 11), at(10, 9), at(10, 10)], [at(10, 8)], at(10, 9), []),
        ([at(10), at(10, 11), OFF], [at(10)], at(10), ["image2"]),
        ([OFF, at(10), at(10, 11)], [], at(10), ["image0"]),
        ([at(10), at(10, 11), at(9)], [], at(10), ["image2"]),
        ([at(10, 23, 50), at(11, 0, 10), at(11, 0, 20)], [], at(10, 23, 50), []),
        ([at(10, 7), at(10, 21), at(11, 22)], [], at(10, 7), ["image2"]),
        ([at(10, 0), at(10, 14)], [], at(10, 0), []),
        ([at(10), at(10), at(12), at(12)], [], at(10), ["image2", "image3"]),
        ([at(10), at(10), at(12), at(12)], [at(12, 0)], at(12), ["image0", "image1"]),
        ([at(10), at(12)], [], at(10), ["image1"]),
        ([at(10), at(12)], [at(12, 0)], at(12), ["image0"]),
        ([at(10), at(12)], [at(20)], at(10), ["image1"]),
        ([OFF], [], OFF, []),
        ([OFF], [at(10)], OFF, []),
        ([OFF], [at(10), at(10)], at(10), ["image0"]),
        ([at(10), at(10, 11)], [at(12), at(12), at(12)], at(10), []),
        ([], [at(10), at(10), OFF], at(10), []),
    ],
)
def test_a_scan_is_of_the_visit_that_most_agree_on_and_what_stands_apart_is_named(
    images: list[dt.datetime], reports: list[dt.datetime], expected: dt.datetime, apart: list[str]
) -> None:
    instances = [*of("image", *images), *of("sr", *reports)]
    for order in permutations(instances[:5]):
        assert scan_time([*order, *instances[5:]], {}) == ScanTime(expected, tuple(apart))


def test_a_day_is_the_one_on_the_wall_where_the_scan_was_made() -> None:
    images = of("image", at(10, 9, zone=SYDNEY), at(10, 20, zone=SYDNEY), at(11, 21, zone=SYDNEY))
    found = scan_time(images, {})
    assert (found.at.isoformat(), found.apart) == ("2026-01-10T09:00:00+11:00", ("image2",))


def test_a_report_alone_is_acquired_with_the_images_it_refers_to_if_they_are_held() -> None:
    report = of("sr", at(20), at(20), referenced=("x", "y", "z"))
    assert scan_time(report, {"x": at(10, 11), "other": at(1)}).at == at(10, 11)
    assert scan_time(report, {"x": OFF, "y": at(10), "z": at(10, 11)}).at == at(10)
    assert scan_time(report, {}).at == at(20)


def test_of_an_earlier_and_a_present_image_a_report_is_of_the_day_of_its_study() -> None:
    report = of("sr", at(20), referenced=("x", "y"))
    assert scan_time(report, {"x": at(1), "y": at(20, 9)}).at == at(20, 9)


def test_a_note_does_not_date_a_scan_by_the_images_it_names() -> None:
    note = of("kos", at(1), referenced=("x",))
    assert scan_time([*of("sr", at(10)), *note], {"x": at(5)}) == ScanTime(at(10))
    assert scan_time(note, {"x": at(5)}).at == at(5)
