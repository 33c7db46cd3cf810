import random

import numpy as np
import pytest

from models.features import MEASURED_NAMES, features, sum_of_diameters
from models.measurement import Measurement


def diameter(value: float, lesion: str, **more: object) -> Measurement:
    return Measurement("longest_diameter", value, str(more.pop("source", "SR")), lesion_uid=lesion, **more)


def node(value: float, lesion: str, **more: object) -> Measurement:
    return Measurement("short_axis", value, "SR", lesion_uid=lesion, node=True, **more)


def lesion(name: str, value: float, lesion_uid: str | None = "a") -> Measurement:
    return Measurement(name, value, "SR", lesion_uid=lesion_uid)


def value(name: str, *measurements: Measurement) -> float:
    return features(measurements)[MEASURED_NAMES.index(name)]


SUMS = {
    "nothing measured": ([], None),
    "one lesion": ([diameter(20, "a")], 20),
    "gone counts zero": ([diameter(0, "a"), diameter(12, "b")], 12),
    "five largest": ([diameter(size, str(size)) for size in (10, 11, 12, 13, 14, 15)], 65),
    "two per site": ([diameter(size, str(size), body_site="liver") for size in (30, 20, 10)], 50),
    "sites apart": ([diameter(30, "a", body_site="liver"), diameter(20, "b", body_site="lung")], 50),
    "unnamed sites limit nothing": ([diameter(size, str(size)) for size in (30, 20, 10)], 60),
    "nodes by short axis": ([diameter(30, "a"), node(18, "n"), diameter(40, "n", node=True)], 48),
    "targets as marked": ([diameter(10, "a", target=True), diameter(90, "b", target=False)], 10),
    "marked beats unmarked": ([diameter(10, "a", target=True), diameter(90, "b")], 10),
    "more targets than five are as marked": ([diameter(10, str(n), target=True) for n in range(6)], 60),
    "a target without diameter": ([diameter(10, "a", target=True), lesion("volume", 3, "b")], 10),
    "non-targets only": ([diameter(10, "a", target=False)], None),
    "whole patient first": ([diameter(10, "a"), Measurement("sum_of_diameters", 77, "import")], 77),
    "report before segmentation": ([diameter(10, "a", source="SEG"), diameter(12, "a")], 12),
    "largest of one source": ([diameter(10, "a"), diameter(12, "a")], 12),
}


@pytest.mark.parametrize("case", SUMS)
def test_the_sum_of_diameters_follows_its_rule(case: str) -> None:
    measurements, expected = SUMS[case]
    assert sum_of_diameters(measurements) == expected


def test_a_marked_target_that_was_not_measured_leaves_the_sum_unknown() -> None:
    unmeasured = Measurement("volume", 3.0, "SR", lesion_uid="b", target=True)
    assert sum_of_diameters([diameter(10, "a", target=True), unmeasured]) is None


def test_the_order_of_measurements_never_matters() -> None:
    many = [diameter(0.1 * n, str(n), body_site="liver" if n % 2 else None) for n in range(30)]
    many += [lesion("volume", 0.1 * n, str(n)) for n in range(30)]
    first = features(many)
    for seed in range(5):
        random.Random(seed).shuffle(many)
        assert features(many).tobytes() == first.tobytes()


def test_each_feature_is_taken_from_the_right_lesion() -> None:
    small = [lesion("volume", 2.0, "a"), lesion("sphericity", 0.9, "a"), lesion("longest_diameter", 30.0, "a")]
    large = [lesion("volume", 5.0, "b"), lesion("sphericity", 0.3, "b"), lesion("longest_diameter", 20.0, "b")]
    bpe = Measurement("background_parenchymal_enhancement", 25.0, "SR")
    found = dict(zip(MEASURED_NAMES, features([*small, *large, bpe, node(16, "n")]), strict=True))
    assert found == {
        "sum_of_diameters": 66.0,
        "longest_diameter": 30.0,
        "short_axis": 16.0,
        "volume": 7.0,
        "sphericity": 0.3,
        "background_parenchymal_enhancement": 25.0,
    }


def test_what_is_missing_stays_missing() -> None:
    assert np.isnan(features([])).all()
    contradicting = [Measurement("background_parenchymal_enhancement", each, "SR") for each in (20.0, 30.0)]
    assert np.isnan(value("background_parenchymal_enhancement", *contradicting))
    assert np.isnan(value("longest_diameter", node(16, "n")))
