"""Grey values and grids on which a network can rely, wherever a series comes from."""

import numpy as np
import pytest

from models.imaging.placement import HeadPlacement, weights
from models.imaging.preprocess import PIXELS, normalised, placed, resampled, slice_stack
from models.imaging.volume import Volume
from tests.models.imaging.heads import BRAIN, RIM, TUMOUR, head


def test_a_coarser_grid_averages_over_what_it_cannot_show() -> None:
    """Stripes finer than the new voxels become grey; taken apart by picking, they would come back as broad stripes."""
    stripes = np.where(np.arange(60) % 2, 1.0, 0.0).astype(np.float32)
    coarse = resampled(Volume(np.tile(stripes, (8, 20, 1)), (1.0, 1.0, 1.0), "CT"), (4, 10, 13)).values
    assert coarse[:, :, 1:-1] == pytest.approx(0.5, abs=0.06)


def test_resampling_keeps_the_box_and_what_is_straight() -> None:
    ramp = np.broadcast_to(np.arange(40.0), (6, 10, 40)).astype(np.float32)
    finer = resampled(Volume(ramp, (3.0, 2.0, 1.0), "CT"), (12, 10, 20))
    assert finer.spacing_mm == pytest.approx((1.5, 2.0, 2.0))
    assert finer.values[5, 5, 2:-2] == pytest.approx(np.arange(20)[2:-2] * 2 + 0.5, abs=1e-3)


def test_the_same_grid_is_the_same_volume() -> None:
    volume = head()
    assert resampled(volume, volume.values.shape).values == pytest.approx(volume.values, abs=1e-3)


@pytest.mark.parametrize("shape", [(5, 7, 3), (40, 50, 70), (1, 33, 9)])
def test_a_few_places_at_a_time_say_the_same_as_all_of_the_box_at_once(shape: tuple[int, int, int]) -> None:
    values = np.random.default_rng(1).normal(size=(20, 31, 45)).astype(np.float32)
    expected = values.astype(float)
    for axis, many in enumerate(shape):
        size = values.shape[axis]
        places = np.clip((np.arange(many) + 0.5) * size / many - 0.5, 0, size - 1)
        taps = weights(places, size, size / many)
        expected = np.moveaxis(np.tensordot(taps / taps.sum(1, keepdims=True), expected, (1, axis)), 0, axis)
    assert resampled(Volume(values, (1.0, 1.0, 1.0), "CT"), shape).values == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("modality", "value", "share"),
    [("CT", -1000.0, 0.0), ("CT", 40.0, 0.5), ("CT", 3000.0, 1.0), ("PT", 2.5, 0.25), ("PT", 40.0, 1.0)],
)
def test_values_with_a_unit_have_one_scale(modality: str, value: float, share: float) -> None:
    assert normalised(np.full((2, 2), value, np.float32), modality) == pytest.approx(share)


def test_mr_has_no_unit_and_neither_gain_nor_air_moves_its_scale() -> None:
    values = head().values
    wide = np.pad(values, ((2, 2), (60, 60), (60, 60)))
    here, there = normalised(values, "MR"), normalised(7.5 * wide, "MR")[2:-2, 60:-60, 60:-60]
    assert there == pytest.approx(here, abs=1e-6)
    assert here[6, 70, 64] == pytest.approx(0.25) and here.max() == pytest.approx(0.25 * RIM / BRAIN)


def test_a_modality_without_a_rule_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'US'"):
        normalised(np.zeros((2, 2)), "US")


@pytest.mark.parametrize("degrees", [-9.0, 0.0, 12.0])
def test_a_head_that_lies_askew_stands_upright_in_the_middle(degrees: float) -> None:
    askew = slice_stack(head(centre=(6.0, -9.0), degrees=degrees))[:, 0]
    assert np.abs(askew - askew[:, :, ::-1]).mean() < 0.02  # alike on both sides, as the head is
    assert np.abs(askew - slice_stack(head())[:, 0]).mean() < 0.025


def test_what_is_outlined_moves_with_the_head() -> None:
    volume = head(tumour=(6, 10, -18), centre=(5.0, 8.0), degrees=8.0)
    outlined = placed(volume, (volume.values == TUMOUR).astype(np.float32))
    pictures = slice_stack(volume)[:, 0]
    inside = outlined > 0.9
    assert inside.sum() > 20
    assert pictures[inside] == pytest.approx(0.25 * TUMOUR / BRAIN, abs=0.05)
    assert np.argwhere(outlined > 0.5)[:, 2].mean() < PIXELS / 2 - 8  # on its side


def test_noise_beside_the_head_does_not_shrink_it() -> None:
    volume = head()
    volume.values[3, 2, 2:9] = volume.values[7, 125, 120] = 800.0
    assert HeadPlacement.of(volume, 96).side_mm == pytest.approx(HeadPlacement.of(head(), 96).side_mm)


def test_a_series_of_air_is_an_empty_stack() -> None:
    nothing = Volume(np.zeros((3, 20, 20), np.float32), (1.0, 1.0, 1.0), "MR")
    assert slice_stack(nothing).shape == (3, 1, PIXELS, PIXELS) and not slice_stack(nothing).any()
