"""Lesions followed over time: what is one lesion, what is not, and what waits for a person."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from models.criteria.finding import LesionFinding, LesionRole, LesionState, NamedBy
from models.criteria.place import LesionPlace, Registration
from stream.timeline.entries import ScanEntry, ScanFindings
from stream.timeline.followed import FollowedLesion, LesionsSoFar
from stream.timeline.lesion_links import LesionLink, LesionLinks
from stream.vocabulary import LesionRelation

DAY_0 = dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)


def tracked(uid: str, mm: float | None = 20.0, label: str = "", organ: str | None = "liver") -> LesionFinding:
    """A lesion with a tracking UID."""
    state = LesionState.NOT_EVALUATED if mm is None else LesionState.MEASURED
    return LesionFinding(uid, state, label or uid, organ, long_axis_mm=mm)


def labelled(uid: str, label: str, mm: float = 20.0, organ: str | None = "liver", source: str = "SR") -> LesionFinding:
    """A lesion that only has a label, which makes its name in one record."""
    named_by = NamedBy.LABEL
    return LesionFinding(uid, LesionState.MEASURED, label, organ, long_axis_mm=mm, source=source, named_by=named_by)


def drawn(uid: str, centre: tuple[float, float, float], mm: float = 20.0, frame: str = "F") -> LesionFinding:
    """A segment that nothing else names."""
    place = LesionPlace(frame, centre)
    return LesionFinding(
        uid, LesionState.MEASURED, uid, "brain", long_axis_mm=mm, source="SEG", named_by=NamedBy.OBJECT, place=place
    )


def follow(*days: Sequence[LesionFinding], links: Sequence[LesionLink] = ()) -> list[dict[str, FollowedLesion]]:
    """By what each scan calls its lesions; scans stand thirty days apart, each a visit of its own."""
    every = [scan(number, said) for number, said in enumerate(days)]
    found = followed([[one] for one in every], LesionLinks(tuple(links)))
    return [{each.reported_as: each for each in found[one.id]} for one in every]


def followed(visits: Iterable[Sequence[ScanEntry]], links: LesionLinks) -> dict[str, tuple[FollowedLesion, ...]]:
    """scan_uid → what it says of lesions."""
    so_far, said = LesionsSoFar(links), {}
    for scans in visits:
        so_far, of_visit = so_far.visit(scans)
        said |= of_visit
    return said


def scan(number: int, said: Sequence[LesionFinding]) -> ScanEntry:
    at = DAY_0 + dt.timedelta(days=30 * number)
    return ScanEntry(f"scan{number}", 1, at, at.date(), {}, ScanFindings(tuple(said)))


def ids(visits: list[dict[str, FollowedLesion]]) -> list[list[str]]:
    return [[one.finding.lesion_uid for one in visit.values()] for visit in visits]


def test_a_tracking_uid_is_the_same_lesion_at_every_visit() -> None:
    visits = follow([tracked("A"), tracked("B")], [tracked("B")], [tracked("A")])
    assert ids(visits) == [["A", "B"], ["B"], ["A"]]
    assert {one.tie.likeness for visit in visits for one in visit.values()} == {("tracking", 1.0)}


def test_another_tracking_uid_is_another_lesion_whatever_it_has_in_common_and_a_person_may_find_it_is_not() -> None:
    _, now = follow([tracked("A", label="liver 1")], [tracked("B", label="liver 1")])
    assert (now["B"].finding.lesion_uid, now["B"].tie.perhaps) == ("B", "A")


def test_one_label_in_two_records_of_a_patient_is_one_lesion() -> None:
    visits = follow([labelled("record1-L1", "Liver 1")], [labelled("record2-L1", "liver-1")])
    assert ids(visits) == [["record1-L1"], ["record1-L1"]]
    assert visits[1]["record2-L1"].tie.likeness == ("tracking", 0.8)


def test_a_label_ties_what_has_no_tracking_uid_to_what_has_one() -> None:
    """A table of earlier visits, then reports."""
    assert ids(follow([labelled("L1", "liver 1", source="import")], [tracked("A", label="Liver 1")])) == [
        ["L1"],
        ["L1"],
    ]
    assert ids(follow([tracked("A", label="Liver 1")], [labelled("L1", "liver 1")])) == [["A"], ["A"]]


@pytest.mark.parametrize("said", [[labelled("L1", "1", organ="lung")], [labelled("other", "1", organ="lung")]])
def test_a_label_ties_no_lesions_of_two_organs(said: list[LesionFinding]) -> None:
    visits = follow([labelled("L1", "1", organ="liver")], said)
    assert ids(visits)[1] != ["L1"]
    assert next(iter(visits[1].values())).tie.perhaps == "L1"


def test_a_label_that_two_lesions_have_ties_neither() -> None:
    before = [tracked("A", label="liver 1"), tracked("B", label="Liver-1")]
    _, now = follow(before, [labelled("L1", "liver 1")])
    assert now["L1"].finding.lesion_uid == "L1"


def test_a_lesion_is_one_of_a_scan_only() -> None:
    """Two groups of one report are never one lesion."""
    (now,) = follow([tracked("A", label="liver 1"), labelled("L1", "liver 1")])
    assert now["L1"].finding.lesion_uid == "L1"


def test_labels_that_stand_for_hidden_ones_tie_nothing() -> None:
    assert ids(follow([labelled("L1", "lesion-123456")], [labelled("L2", "lesion-123456")])) == [["L1"], ["L2"]]


def test_a_segment_in_the_place_of_a_lesion_is_that_lesion() -> None:
    visits = follow([drawn("a", (0, 0, 0)), drawn("b", (60, 0, 0))], [drawn("c", (3, 4, 0)), drawn("d", (60, 0, 1))])
    assert ids(visits) == [["a", "b"], ["a", "b"]]
    assert visits[1]["c"].tie.likeness == ("place", 0.8)  # 5 of at most 10 mm apart


@pytest.mark.parametrize("now", [drawn("b", (11, 0, 0)), drawn("b", (0, 0, 0), frame="another")])
def test_what_lies_elsewhere_or_who_knows_where_is_another_lesion(now: LesionFinding) -> None:
    assert ids(follow([drawn("a", (0, 0, 0))], [now])) == [["a"], ["b"]]


def test_where_two_lesions_may_be_meant_none_is_and_a_person_is_asked_once() -> None:
    visits = follow([drawn("a", (0, 0, 0)), drawn("b", (8, 0, 0))], [drawn("c", (4, 0, 0))], [drawn("c", (4, 0, 0))])
    assert visits[1]["c"].finding.lesion_uid == "c"
    assert visits[1]["c"].tie.perhaps in ("a", "b")
    assert visits[2]["c"].tie.perhaps is None


def test_a_table_and_a_report_of_one_visit_are_tied_by_the_size_that_both_state() -> None:
    table = scan(0, [labelled("L1", "target", 24.0, source="import"), labelled("L2", "other", 31.0, source="import")])
    report = scan(1, [tracked("A", 24.4), tracked("B", 12.0)])
    together = followed([[table, report]], LesionLinks())[report.id]
    assert [one.finding.lesion_uid for one in together] == ["L1", "B"]
    apart = followed([[table], [report]], LesionLinks())[report.id]
    assert [one.finding.lesion_uid for one in apart] == ["A", "B"]


def test_a_link_joins_and_an_unlink_parts() -> None:
    visits = [tracked("A")], [tracked("B")], [tracked("C")]
    same = [LesionLink(LesionRelation.SAME, "B", "A"), LesionLink(LesionRelation.SAME, "B", "C")]
    linked = follow(*visits, links=same)
    assert ids(linked) == [["A"], ["A"], ["A"]]
    assert linked[2]["C"].tie.likeness == ("person", 1.0)
    by_label = [labelled("r1", "liver 1")], [labelled("r2", "liver 1")]
    assert ids(follow(*by_label, links=[LesionLink(LesionRelation.DIFFERENT, "r2", "r1")])) == [["r1"], ["r2"]]


def test_a_label_may_stand_for_another_lesion_from_a_day_on() -> None:
    anew = LesionLink(LesionRelation.ANEW, "L1", None, dt.date(2025, 3, 31))
    visits = [labelled("L1", "liver 1")], [labelled("L1", "liver 1")], [labelled("L1", "liver 1")]
    assert ids(follow(*visits, links=[anew])) == [["L1"], ["L1/2025-03-31"], ["L1/2025-03-31"]]


def test_two_lesions_of_one_scan_stay_two_though_a_person_linked_them() -> None:
    link = LesionLink(LesionRelation.SAME, "A", "B")
    visits = follow([tracked("A")], [tracked("B")], [tracked("A"), tracked("B")], links=[link])
    assert ids(visits) == [["A"], ["A"], ["A", "B"]]


def test_a_person_tells_of_a_split_a_merge_and_a_role() -> None:
    links = [
        LesionLink(LesionRelation.FRAGMENT, "B", "A"),
        LesionLink(LesionRelation.MERGED, "C", "A", dt.date(2025, 3, 31)),
        LesionLink(LesionRelation.NON_TARGET, "A"),
    ]
    first, second = follow([tracked("A"), tracked("C")], [tracked("A"), tracked("B")], links=links)
    assert second["B"].finding.split_from == "A"
    assert (second["C"].finding.merged_into, second["C"].finding.state) == ("A", LesionState.NOT_EVALUATED)
    assert {first["A"].finding.decided, second["A"].finding.decided} == {LesionRole.NON_TARGET}
    assert first["C"].finding.merged_into is None


def test_what_a_later_scan_shows_changes_no_name_of_an_earlier_one() -> None:
    said = [drawn("a", (0, 0, 0))], [drawn("b", (4, 0, 0))], [drawn("c", (30, 0, 0)), drawn("d", (2, 0, 0))]
    assert ids(follow(*said))[:2] == ids(follow(*said[:2]))


def test_a_registration_tells_where_a_lesion_lies_in_the_frame_of_another_scan() -> None:
    """Turned by 90° about z and moved by 10 mm; the way may lead over a third frame, and back."""
    turned = Registration("F", "G", (0, -1, 0, 10, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1))
    moved = Registration("H", "G", (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 5, 0, 0, 0, 1))
    first = scan(0, [drawn("a", (20, 0, 0)), drawn("b", (-40, 0, 0))])
    second = scan(1, [drawn("c", (11, 19, 0), frame="G")])
    third = scan(2, [drawn("d", (10, -40, -5), frame="H")])
    registered = [replace(second, findings=replace(second.findings, registrations=(turned, moved)))]
    found = followed([[first], registered, [third]], LesionLinks())
    assert [one.finding.lesion_uid for one in (*found["scan1"], *found["scan2"])] == ["a", "b"]
    alone = followed([[first], [second], [third]], LesionLinks())
    assert [one.finding.lesion_uid for one in (*alone["scan1"], *alone["scan2"])] == ["c", "d"]


def of_table(mm: float) -> LesionFinding:
    """The one target of a table that names no lesion."""
    finding = labelled("target", "target", mm, organ=None, source="import")
    return replace(finding, named_by=NamedBy.ONLY, role=LesionRole.TARGET)


def test_a_table_without_names_and_a_report_of_one_target_speak_of_one_lesion() -> None:
    """A history that was imported goes on by reports, and a table may follow reports."""
    marked = replace(tracked("A"), role=LesionRole.TARGET)
    assert ids(follow([of_table(30.0)], [tracked("A")])) == [["target"], ["target"]]
    assert ids(follow([of_table(30.0)], [tracked("B"), marked])) == [["target"], ["B", "target"]]
    assert ids(follow([marked], [of_table(30.0)])) == [["A"], ["A"]]


def test_of_several_lesions_none_is_taken_for_the_one_target_of_a_table() -> None:
    assert ids(follow([of_table(30.0)], [tracked("A"), tracked("B")])) == [["target"], ["A", "B"]]
    assert ids(follow([tracked("A"), tracked("B")], [of_table(30.0)])) == [["A", "B"], ["target"]]


def test_two_wordings_of_a_place_that_we_have_no_word_for_part_nothing() -> None:
    visits = follow([labelled("L1", "1", organ="left adrenal")], [labelled("L1", "1", organ="adrenal, left side")])
    assert ids(visits) == [["L1"], ["L1"]]
