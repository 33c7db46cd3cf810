import pytest

from stream.dicom.reading.stacks import Stack

EVEN = [0.0, 5.0, 10.0, 15.0, 20.0]


def _thickness(places: list[float], drawn: list[float]) -> list[float | None]:
    stack, taken = Stack.of(places), Stack.of(drawn)
    return [stack.thickness(place, taken) for place in drawn]


@pytest.mark.parametrize(
    "others",
    [
        [],
        [10.5],
        [9.5],
        [20.5],
        [-0.5],
        [10.0, 10.01],
        [0.5, 5.5, 10.5, 15.5, 20.5],
        [2.0, 7.0, 12.0, 17.0],
        [3.0, 17.0],
    ],
)
@pytest.mark.parametrize("drawn", [EVEN, [5.0, 10.0], [10.0], [0.0, 20.0]])
def test_what_lies_between_the_slices_of_an_even_stack_does_not_make_them_thinner(
    others: list[float], drawn: list[float]
) -> None:
    assert _thickness(EVEN + others, drawn) == pytest.approx([5.0] * len(drawn))


@pytest.mark.parametrize("drawn", [[0.0, 5.0, 10.0], [5.0], [10.0]])
def test_a_stray_governs_a_small_stack_no_more_than_a_large_one(drawn: list[float]) -> None:
    for stray in (0.5, 4.5, 5.5, 10.5):
        assert _thickness([0.0, 5.0, 10.0, stray], drawn) == pytest.approx([5.0] * len(drawn))


def test_in_an_uneven_stack_a_slice_reaches_half_way_to_its_neighbours() -> None:
    uneven = [0.0, 5.0, 10.0, 12.0, 14.0, 20.0]
    assert _thickness(uneven, uneven) == pytest.approx([5.0, 5.0, 3.5, 2.0, 4.0, 6.0])
    assert _thickness(uneven, [10.0]) == pytest.approx([3.5])


def test_a_slice_that_something_was_drawn_on_is_no_stray() -> None:
    assert _thickness([*EVEN, 10.5], [10.0, 10.5]) == pytest.approx([2.75, 2.5])


def test_a_slice_alone_has_no_thickness() -> None:
    assert _thickness([3.0, 3.0], [3.0]) == [None]


def test_rounding_over_many_slices_leaves_a_stack_even() -> None:
    places = [round(index * 0.7 / 3, 2) for index in range(400)]
    assert Stack.of(places).step == pytest.approx(0.7 / 3, rel=1e-3)
