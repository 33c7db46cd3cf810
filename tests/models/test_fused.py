"""Series of several modalities fused by masks: one that is missing changes nothing for the others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.features import EMBEDDING, ENCODED_NAMES, FEATURE_NAMES, MODALITIES, as_seen, encoded_by, whole
from models.fused import ALL_NAMES, FUSED_NAMES, SHOWN_NAMES, chosen

said = st.lists(st.floats(0.0, 1.0), min_size=EMBEDDING, max_size=EMBEDDING)
scans = st.fixed_dictionaries({name: st.none() | said for name in MODALITIES.values()})
MEANS = FUSED_NAMES[len(SHOWN_NAMES) :]


def x_of(scan: dict[str, list[float] | None]) -> np.ndarray:
    """Stored features of a scan of which nothing was measured."""
    blocks = [value for name in MODALITIES.values() for value in (scan[name] or [None] * EMBEDDING)]
    return whole([None] * (len(FEATURE_NAMES) - len(ENCODED_NAMES)) + blocks)


@given(scans)
def test_the_mean_is_of_what_is_there_and_masks_say_what_that_is(scan: dict[str, list[float] | None]) -> None:
    there = [each for each in scan.values() if each is not None]
    shown = dict(zip(MODALITIES.values(), chosen(x_of(scan), SHOWN_NAMES).tolist(), strict=True))
    assert shown == {name: float(each is not None) for name, each in scan.items()}
    expected = np.mean(there, axis=0) if there else np.full(EMBEDDING, np.nan)
    np.testing.assert_allclose(chosen(x_of(scan), MEANS), expected)


@given(scans, st.sampled_from(sorted(MODALITIES.values())))
def test_a_modality_that_is_missing_changes_nothing_for_the_others(
    scan: dict[str, list[float] | None], missing: str
) -> None:
    without = {**scan, missing: None}
    others = [each for name, each in scan.items() if name != missing and each is not None]
    expected = np.mean(others, axis=0) if others else np.full(EMBEDDING, np.nan)
    np.testing.assert_allclose(chosen(x_of(without), MEANS), expected)
    kept = [name for name in ENCODED_NAMES if not name.startswith(missing)]
    np.testing.assert_array_equal(chosen(x_of(without), kept), chosen(x_of(scan), kept))


def test_what_is_stored_is_seen_as_it_is() -> None:
    x = np.arange(len(FEATURE_NAMES), dtype=float)
    assert chosen(x, FEATURE_NAMES).tolist() == x.tolist()
    assert set(ALL_NAMES) == {*FEATURE_NAMES, *FUSED_NAMES}


def test_numbers_of_another_encoder_are_not_seen() -> None:
    own, other = encoded_by("a" * 64), encoded_by("b" * 64)
    x = [float(n) for n in range(len(FEATURE_NAMES))]
    assert [len(as_seen(x, own, asked)) for asked in (own, other, "images-1", "measurements-1")] == [24, 6, 12, 12]
    assert as_seen(x[:12], "images-1", other) == x[:12]
