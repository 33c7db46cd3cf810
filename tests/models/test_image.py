"""How a lesion looks, in numbers: those of the standard, whatever scanner and voxel size they come from."""

import numpy as np
import pytest

from models.features import IMAGE_NAMES
from models.image import FEWEST_VOXELS, LEVELS, Patch, discretised, embedding, intensity, texture

# The digital phantom of the Image Biomarker Standardisation Initiative (Zwanenburg et al., arXiv:1612.07003, chapter 5;
# CC BY 4.0): four slices of grey levels, 0 lies outside.
PHANTOM = np.array([
    [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
    [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [0, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
    [[1, 4, 4, 0, 0], [1, 1, 1, 1, 1], [1, 1, 0, 1, 1], [1, 1, 6, 1, 1]],
    [[1, 4, 4, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
])  # fmt: skip
PUBLISHED = {
    "intensity_entropy": 1.27,
    "intensity_uniformity": 0.512,
    "texture_joint_entropy": 2.57,
    "texture_contrast": 5.12,
    "texture_inverse_difference": 0.688,
}
SCALE_FREE = [n for n, name in enumerate(IMAGE_NAMES) if name != "relative_attenuation"]


def ball(values: np.ndarray, spacing_mm: float = 2.0, hounsfield: bool = False) -> Patch:
    """A round lesion as wide as the values (D, D, D)."""
    axes = np.indices(values.shape) - (len(values) - 1) / 2
    return Patch(values, np.square(axes).sum(0) <= (len(values) / 2) ** 2, (spacing_mm,) * 3, hounsfield)


def grain(width: int = 12, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(width,) * 3)


def test_on_the_digital_phantom_every_feature_is_the_published_one() -> None:
    inside = PHANTOM > 0
    found = intensity(PHANTOM[inside]) | texture(np.where(inside, PHANTOM, 1), inside)
    assert found.keys() == PUBLISHED.keys()
    for name, value in PUBLISHED.items():
        assert found[name] == pytest.approx(value, abs=0.5 * 10.0 ** -(2 if value > 1 else 3)), name


def test_all_but_the_attenuation_are_free_of_the_scanners_grey_scale() -> None:
    values = grain()
    here, there = embedding(ball(values)), embedding(ball(3.5 * values + 700.0))
    assert np.isfinite(here[SCALE_FREE]).all()
    assert there == pytest.approx(here, rel=1e-9, nan_ok=True)


def test_what_lies_around_the_lesion_says_nothing() -> None:
    patch = ball(grain())
    louder = np.where(patch.inside, patch.values, 1e4)
    assert embedding(patch._replace(values=louder)) == pytest.approx(embedding(patch), nan_ok=True)


@pytest.mark.parametrize(("hu", "relative"), [(0.0, 1.0), (-100.0, 0.9), (60.0, 1.06)])
def test_attenuation_is_that_beside_water_and_of_ct_numbers_only(hu: float, relative: float) -> None:
    values = hu + 5 * (grain() - grain()[ball(grain()).inside].mean())
    at = IMAGE_NAMES.index("relative_attenuation")
    assert embedding(ball(values, hounsfield=True))[at] == pytest.approx(relative)
    assert np.isnan(embedding(ball(values))[at])


def test_the_same_lesion_on_finer_voxels_looks_nearly_the_same() -> None:
    """Two scanners, one lesion whose detail is coarser than both their voxels."""

    def scanned(voxel_mm: float) -> np.ndarray:
        width = round(40 / voxel_mm)
        place = ((np.arange(width) + 0.5) * voxel_mm - 20) / 5
        wave = np.sin(place)[:, None, None] + np.sin(1.3 * place)[None, :, None] + np.cos(0.8 * place)[None, None, :]
        return embedding(ball(wave, voxel_mm))

    assert scanned(1.0)[SCALE_FREE] == pytest.approx(scanned(2.0)[SCALE_FREE], rel=0.05)
    assert scanned(2.5)[SCALE_FREE] == pytest.approx(scanned(2.0)[SCALE_FREE], rel=0.15)


def test_a_lesion_of_one_grey_has_no_entropy_and_no_contrast() -> None:
    found = dict(zip(IMAGE_NAMES, embedding(ball(np.full((12, 12, 12), 7.0))), strict=True))
    assert found["intensity_entropy"] == found["texture_joint_entropy"] == found["texture_contrast"] == 0.0
    assert found["intensity_uniformity"] == found["texture_inverse_difference"] == 1.0


def test_a_lesion_of_too_few_voxels_tells_nothing_rather_than_something_wrong() -> None:
    small = ball(grain(4))
    assert small.inside.sum() < FEWEST_VOXELS
    assert np.isnan(embedding(small)).all()
    assert np.isfinite(embedding(ball(grain(6)))[SCALE_FREE]).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_grey_values_that_are_no_numbers_tell_nothing(value: float) -> None:
    values = grain()
    values[6, 6, 6] = value
    assert np.isnan(embedding(ball(values))).all()


def test_levels_reach_from_the_darkest_to_the_brightest_voxel_of_the_lesion() -> None:
    values = np.array([[[-50.0, 0.0, 100.0, 900.0]]])
    levels = discretised(values, values < 900)
    assert levels[0, 0, :3].tolist() == [1, 1 + int(LEVELS / 3), LEVELS]
