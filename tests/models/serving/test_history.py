import math

import numpy as np
import pytest
import torch

from models.serving.history import cell_names, input_names, observe

NAMES = ("sum_of_diameters", "volume")


def observed(*visits: tuple[float, float], gap_days: float = 40.0) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Cells and inputs by name after each visit (sum of diameters, volume)."""
    cells, found = torch.zeros(1, len(cell_names(NAMES))), []
    for n, visit in enumerate(visits):
        cells, inputs = observe(cells, torch.tensor([visit]), torch.tensor([gap_days * (n > 0)]), NAMES)
        found.append(
            (
                dict(zip(cell_names(NAMES), cells[0].tolist(), strict=True)),
                dict(zip(input_names(NAMES), inputs[0].tolist(), strict=True)),
            )
        )
    return found


def test_first_smallest_and_last_are_the_measured_values_to_the_bit() -> None:
    random = np.random.default_rng(0)
    sizes = random.uniform(0, 200, size=500).astype(np.float32)
    cells, _ = observed(*((float(size), math.nan) for size in sizes))[-1]
    assert cells["sum_of_diameters.first"] == float(sizes[0])
    assert cells["sum_of_diameters.smallest"] == float(sizes.min())
    assert cells["sum_of_diameters.last"] == float(sizes[-1])
    assert cells["visits"] == 500
    assert cells["days"] == 499 * 40


def test_headroom_is_the_log_distance_to_progression() -> None:
    (_, first), (_, second), (_, third) = observed((50.0, 1.0), (40.0, 1.0), (48.0, 1.0))
    assert first["headroom"] == pytest.approx(math.log(61) - math.log(51))
    assert second["headroom"] == pytest.approx(math.log(49) - math.log(41))
    assert third["headroom"] == pytest.approx(0.0, abs=1e-6)


def test_once_progressed_stays_so() -> None:
    flags = [inputs["progressed"] for _, inputs in observed(*((size, 1.0) for size in (50.0, 30.0, 35.9, 36.0, 20.0)))]
    assert flags == [0, 0, 0, 1, 1]


def test_a_missing_value_is_carried_forward_and_one_never_measured_is_unknown() -> None:
    (_, before), (cells, after) = observed((50.0, math.nan), (math.nan, 3.0))
    assert all(math.isnan(value) for name, value in before.items() if name.startswith("volume"))
    assert after["sum_of_diameters.measured"] == 0
    assert after["sum_of_diameters.level"] == before["sum_of_diameters.level"]
    assert cells["sum_of_diameters.seen"] == 1
    assert after["volume.since_first"] == 0
