"""When a scan is complete, by which evidence, and what its next revision is made of."""

from collections.abc import Sequence

import pytest

from stream.services.assembling.completeness import GatheredScan, Rules, due, next_revisions
from stream.storage.intake.assembly import Instance
from stream.storage.intake.withdrawals import Withdrawal
from tests.services.assembling.test_assembly import RULES
from tests.services.receipts import moments_later


def instance(name: str, kind: str = "image", at: float = 0, referenced: Sequence[str] = (), **more: object) -> Instance:
    return Instance(name, name, kind, moments_later(at), tuple(referenced), **more)


def gathered(
    *instances: Instance,
    made_of: Sequence[str] = (),
    open_: int = 0,
    closed: float | None = None,
    last: float = 10,
    withdrawn: Sequence[str] = (),
    elsewhere: Sequence[str] = (),
    dated: float | None = None,
) -> GatheredScan:
    """A scan whose last instance came `last` seconds in; `closed`: when its last association ended.

    `made_of`: what its one revision was made of.
    """
    closed_at = None if closed is None else moments_later(closed)
    return GatheredScan(
        "scan",
        "PA",
        instances,
        int(bool(made_of)),
        {1: frozenset(made_of)} if made_of else {},
        moments_later(last),
        open_,
        closed_at,
        {uid: Withdrawal("note", uid, "quality", "PACS", moments_later(1)) for uid in withdrawn},
        elsewhere=frozenset(elsewhere),
        image_dates={"x": moments_later(-99)},
        dated=None if dated is None else moments_later(dated),
    )


IMAGE, SECOND, SR, SEG = instance("i1"), instance("i2"), instance("r", "sr"), instance("g", "seg")


@pytest.mark.parametrize(
    ("scan", "seconds", "why"),
    [
        (gathered(SR, open_=1), 10, "single_sr"),
        (gathered(SR, closed=4), 10, "single_sr"),
        (gathered(SEG, open_=1), 40, "quiet"),
        (gathered(IMAGE, open_=1), 40, "quiet"),
        (gathered(IMAGE, SR, open_=1), 40, "quiet"),
        (gathered(IMAGE, closed=11), 13, "association_end"),
        (gathered(IMAGE, closed=4), 12, "association_end"),
        (gathered(IMAGE, SR, closed=11), 13, "association_end"),
        (gathered(IMAGE, open_=1, closed=11), 40, "quiet"),
        (gathered(IMAGE, SECOND, made_of=["i1"], closed=11), 13, "association_end"),
        (gathered(SR, IMAGE, made_of=["r"], open_=1), 40, "quiet"),
    ],
)
def test_a_scan_is_complete_by_its_evidence_or_after_its_time(scan: GatheredScan, seconds: float, why: str) -> None:
    assert due(scan, RULES) == (moments_later(seconds), why)


@pytest.mark.parametrize("scan", [gathered(IMAGE, made_of=["i1"], closed=11), gathered(SR, made_of=["r"])])
def test_a_scan_with_nothing_new_is_never_due(scan: GatheredScan) -> None:
    assert due(scan, RULES) is None


def counted(name: str, study: int | None = None, series: str = "s1", **more: int) -> Instance:
    """A slice whose sender announced how much there is."""
    return instance(name, series_uid=series, expected_instances=study, **more)


TWO_SERIES = {"expected_series": 2, "expected_in_series": 1}


@pytest.mark.parametrize(
    ("scan", "seconds", "why"),
    [
        (gathered(counted("i1", 2), counted("i2", 2), open_=1), 10, "counts"),
        (gathered(counted("i1", 2), open_=1), 40, "quiet"),
        (gathered(counted("i1", 1), counted("i2", 3), open_=1), 40, "quiet"),
        (gathered(counted("i1", None, "s1", **TWO_SERIES), counted("i2", None, "s2", **TWO_SERIES)), 10, "counts"),
        (gathered(counted("i1", None, "s1", **TWO_SERIES), open_=1), 40, "quiet"),
        (gathered(counted("i1", None, "s1", **TWO_SERIES), instance("i2", series_uid="s2"), open_=1), 40, "quiet"),
        (gathered(counted("i1", None, "s1", expected_series=1, expected_in_series=2), open_=1), 40, "quiet"),
        (gathered(counted("i1", 2), counted("i2", 2), SR, made_of=["i1", "i2"], closed=20), 22, "counts"),
    ],
)
def test_a_scan_of_which_all_that_was_announced_is_held_is_complete_at_once(
    scan: GatheredScan, seconds: float, why: str
) -> None:
    assert due(scan, RULES) == (moments_later(seconds), why)


def test_a_sender_that_announced_too_little_does_not_get_a_revision_for_every_file() -> None:
    slices = [counted(f"i{number}", 1) for number in range(5)]
    assert due(gathered(*slices, made_of=["i0"], open_=1), RULES) == (moments_later(40), "counts")


T1, FLAIR = (instance(name, series_description=name) for name in ("T1", "FLAIR"))
REQUIRING = Rules(RULES.association_wait, RULES.quiet, frozenset({"t1", "flair"}))


@pytest.mark.parametrize(
    ("scan", "seconds", "why"),
    [
        (gathered(T1, FLAIR, closed=11), 13, "series_list"),
        (gathered(T1, FLAIR, open_=1), 40, "series_list"),
        (gathered(T1, T1, IMAGE, closed=11), 13, "association_end"),
        (gathered(counted("i", 3), T1, FLAIR, closed=11), 10, "counts"),
    ],
)
def test_required_series_are_evidence_once_all_of_them_are_there(scan: GatheredScan, seconds: float, why: str) -> None:
    assert due(scan, REQUIRING) == (moments_later(seconds), why)


POINTING = instance("g", "seg", referenced=["i1", "i2"])


@pytest.mark.parametrize(
    ("scan", "why"),
    [
        (gathered(IMAGE, SECOND, POINTING, closed=11), "references"),
        (gathered(IMAGE, POINTING, closed=11), "association_end"),
        (gathered(IMAGE, POINTING, closed=11, elsewhere=["i2"]), "references"),
        (gathered(IMAGE, SEG, closed=11), "association_end"),
        (gathered(IMAGE, instance("g", "seg", referenced=["x"]), closed=11, elsewhere=["x"]), "association_end"),
        (gathered(IMAGE, instance("n", "kos", referenced=["i1"]), closed=11), "association_end"),
    ],
)
def test_held_references_of_reports_and_segmentations_are_evidence(scan: GatheredScan, why: str) -> None:
    assert due(scan, RULES) == (moments_later(13), why)


NOTE = instance("n", "kos")
REFERRING = instance("r", "sr", referenced=["x"])


@pytest.mark.parametrize(
    ("scan", "expected"),
    [
        (gathered(IMAGE, SECOND), [["i1", "i2"]]),
        (gathered(IMAGE, SECOND, made_of=["i1", "i2"], withdrawn=["i1"]), [["i2"]]),
        (gathered(IMAGE, SECOND, made_of=["i1", "i2"], withdrawn=["i1", "i2"]), []),
        (gathered(IMAGE, SECOND, withdrawn=["i1"]), [["i1", "i2"], ["i2"]]),
        (gathered(IMAGE, SECOND, withdrawn=["i1", "i2"]), [["i1", "i2"]]),
        (gathered(IMAGE, NOTE, made_of=["i1"], withdrawn=["i1"]), [["i1", "n"]]),
        (gathered(IMAGE, SECOND, NOTE, made_of=["i1", "i2"], withdrawn=["i1"]), [["i2", "n"]]),
        (gathered(NOTE), [["n"]]),
        (gathered(SR, made_of=["r"], dated=0), []),
        (gathered(REFERRING, made_of=["r"], dated=0), [["r"]]),
        (gathered(REFERRING, made_of=["r"], dated=-99), []),
        (gathered(REFERRING, made_of=["r"]), []),
        (gathered(REFERRING, NOTE, made_of=["r"], withdrawn=["r"], dated=0), [["r", "n"]]),
        (gathered(IMAGE, SECOND, made_of=["i2"]), [["i1", "i2"]]),
    ],
)
def test_every_instance_comes_to_a_revision_and_the_highest_one_holds_what_counts(
    scan: GatheredScan, expected: list[list[str]]
) -> None:
    assert [[instance.instance_uid for instance in revision] for revision in next_revisions(scan)] == expected


def test_what_was_taken_back_is_left_out_without_waiting_for_more() -> None:
    scan = gathered(IMAGE, SECOND, made_of=["i1", "i2"], withdrawn=["i1"], open_=1)
    assert due(scan, RULES) == (moments_later(10), "quiet")
