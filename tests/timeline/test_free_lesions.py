"""Lesions that a rule can speak for are looked up, and are the same as when each is compared with each."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from models.criteria.finding import LesionFinding, LesionState, NamedBy
from models.criteria.place import Frames, LesionPlace, Registration
from stream.timeline.free_lesions import RULES, FreeLesions
from stream.timeline.likeness import KnownLesion, Reported, resemblance

SHIFT = (1.0, 0.0, 0.0, 30.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, -5.0, 0.0, 0.0, 0.0, 1.0)
FRAMES = Frames().after([Registration("F", "G", SHIFT)])
VISIT = 2
near = st.integers(-12, 12).map(float)
places = st.builds(LesionPlace, st.sampled_from(["F", "G", "H"]), st.tuples(near, near, st.just(0.0)))
sizes = st.none() | st.sampled_from([4.0, 10.0, 10.4, 20.0, 40.0])
labels = st.sampled_from(["", "liver1", "liver2"])
organs = st.none() | st.sampled_from(["liver", "lung", "somewhere"])
known = st.builds(
    KnownLesion,
    lesion_id=st.just(""),
    labels=labels.map(lambda label: frozenset({label} - {""})),
    organ=organs,
    node=st.booleans(),
    size_mm=sizes,
    place=st.none() | places,
    seen_in=st.none() | st.tuples(st.integers(1, VISIT), st.sampled_from(["SR", "SEG"])),
    unnamed=st.booleans(),
    alone=st.booleans(),
)
lesions = st.lists(known, max_size=12).map(lambda all_: [one._replace(lesion_id=str(n)) for n, one in enumerate(all_)])
findings = st.builds(
    LesionFinding,
    lesion_uid=st.just("new"),
    state=st.just(LesionState.MEASURED),
    organ=organs,
    node=st.booleans(),
    long_axis_mm=sizes,
    source=st.sampled_from(["SR", "SEG"]),
    named_by=st.sampled_from([None, *NamedBy]),
    place=st.none() | places,
)
news = st.builds(Reported, st.just("new"), findings, labels, st.just(VISIT), st.booleans())


def beside(new: Reported, one: KnownLesion) -> KnownLesion:
    """The lesion as it lies in the frame of the finding."""
    here = new.finding.place
    if here is None or one.place is None or here.frame == one.place.frame:
        return one
    return one._replace(place=FRAMES.seen_in(one.place, here.frame))


@settings(max_examples=400)
@given(new=news, there=lesions)
def test_every_rule_speaks_for_the_same_lesions_as_if_all_were_looked_at(
    new: Reported, there: list[KnownLesion]
) -> None:
    free = FreeLesions(there, FRAMES)
    for rule, speaks_for in RULES:
        plainly = [(one.lesion_id, rule(new, beside(new, one))) for one in there]
        found = [(one.lesion_id, rule(new, one)) for one in speaks_for(free, new)]
        assert [pair for pair in found if pair[1]] == [pair for pair in plainly if pair[1]], rule


@settings(max_examples=400)
@given(new=news, there=lesions, differ=st.sets(st.integers(0, 11).map(str)))
def test_the_most_alike_is_the_first_of_those_that_resemble_it_most(
    new: Reported, there: list[KnownLesion], differ: set[str]
) -> None:
    alike = [(resemblance(new, beside(new, one)), one.lesion_id) for one in there if one.lesion_id not in differ]
    most, best = max(alike, key=lambda pair: pair[0], default=(0.0, ""))
    found = FreeLesions(there, FRAMES).most_alike(new, lambda one: one.lesion_id not in differ)
    assert (found.lesion_id if found else "") == (best if most else "")


def test_of_thousands_only_those_around_a_place_are_looked_at() -> None:
    rng = random.Random(1)
    there = [
        KnownLesion(str(n), size_mm=6.0, place=LesionPlace("F", (rng.uniform(-200, 200), rng.uniform(-200, 200), 0.0)))
        for n in range(2000)
    ]
    new = Reported("new", LesionFinding("new", LesionState.MEASURED, place=there[7].place), "", VISIT, False)
    _, placed = RULES[1]
    assert len(list(placed(FreeLesions(there, FRAMES), new))) < 100
