"""The bundle that is trained here: judged on patients left out, and a folder like anybody's."""

from pathlib import Path

import numpy as np
import pytest

from models.bundles.description import Bundle
from models.bundles.runner import run
from models.imaging.outlined import OutlinedSeries
from models.imaging.volume import Volume
from models.training.outlines import fit
from models.training.outlines.train import TooFewOutlined, train_bundle

SEED = 7


def series(patient: str) -> OutlinedSeries:
    """A head with a bright spot, wherever the patient's number puts it."""
    random = np.random.default_rng(int(patient))
    values = random.uniform(0, 20, (6, 128, 128)).astype(np.float32)
    values[:, 20:110, 30:100] += 300
    outlined = np.zeros(values.shape, bool)
    row, column = random.integers(40, 80, 2)
    outlined[2:4, row : row + 16, column : column + 14] = True
    values[outlined] += 600
    return OutlinedSeries(patient, Volume(values, (1.0, 1.0, 1.0), "MR"), outlined)


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "STEPS", 24)
    monkeypatch.setattr(fit, "SLICES", 3)


@pytest.mark.usefixtures("few_steps")
def test_it_learns_what_is_drawn_and_is_judged_on_patients_it_did_not_see(tmp_path: Path) -> None:
    cohort = [series(str(number)) for number in range(3)]
    told = train_bundle(cohort, tmp_path / "a", SEED)
    low, high = told["mean_dice_95"]
    assert low <= told["mean_dice"] <= high
    assert told["mean_dice"] > 0.5 and len(told["series"]) == 3
    bundle = Bundle.read(tmp_path / "a")
    found = run(bundle, cohort[0].volume) > 0
    assert 2 * (found & cohort[0].outlined).sum() > found.sum()
    assert bundle.fits("MR", "BRAIN") and bundle.processing.smallest_voxels == 64


@pytest.mark.usefixtures("few_steps")
def test_the_same_series_and_seed_give_the_same_bundle_and_nothing_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "STEPS", 2)
    cohort = [series(str(number)) for number in range(3)]
    versions = set()
    for name in "ab":
        train_bundle(cohort, tmp_path / name, SEED)
        versions.add(Bundle.read(tmp_path / name).version)
    assert len(versions) == 1
    assert str(Path(fit.__file__).parent).encode() not in (tmp_path / "a/models/model.ts").read_bytes()


def test_of_two_patients_nobody_can_be_left_out(tmp_path: Path) -> None:
    with pytest.raises(TooFewOutlined, match="of 2 patients"):
        train_bundle([series("0"), series("1")], tmp_path, SEED)
