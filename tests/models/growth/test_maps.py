import math

import numpy as np
import pytest

from models.growth.maps import FAR_MM, SHAPE, dice, dice_by_cut, radius_mm, signed_distance, volume_ml
from tests.models.growth.balls import ball


def test_a_ball_moved_outwards_by_its_distances_is_the_larger_ball() -> None:
    distance = signed_distance(ball(20.0))
    assert dice(distance < 6.0, ball(26.0)) > 0.95
    assert dice(distance < -6.0, ball(14.0)) > 0.9
    assert np.array_equal(distance < 0, ball(20.0))


def test_from_inside_the_outline_is_as_far_as_from_outside() -> None:
    np.testing.assert_array_equal(signed_distance(~ball(20.0)), -signed_distance(ball(20.0)))


def test_a_volume_and_the_radius_of_its_ball_belong_together() -> None:
    assert volume_ml(ball(20.0)) == pytest.approx(4 / 3 * math.pi * 2.0**3, rel=0.02)
    assert radius_mm(volume_ml(ball(20.0))) == pytest.approx(20.0, rel=0.01)


def test_without_a_lesion_everything_is_far_outside() -> None:
    assert (signed_distance(np.zeros(SHAPE, bool)) == FAR_MM).all()


def test_overlap_is_two_of_the_common_over_the_sum_and_one_of_nothing() -> None:
    one, other = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    assert dice(one, other) == 1.0
    one[:2], other[1:4] = True, True
    assert dice(one, other) == pytest.approx(2 / 5)


def test_the_overlap_at_many_cuts_is_that_at_each() -> None:
    random = np.random.default_rng(3)
    values, inside, cuts = random.normal(size=SHAPE), random.random(SHAPE) < 0.2, np.array([-9.0, -1.0, 0.0, 2.0])
    assert dice_by_cut(values, cuts, inside).tolist() == pytest.approx([dice(values < cut, inside) for cut in cuts])
    assert dice_by_cut(values, cuts, np.zeros(SHAPE, bool))[0] == 1.0
