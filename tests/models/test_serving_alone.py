"""What a worker runs is apart from what a laboratory does: what serves loads no tables, no training, no judging."""

import subprocess
import sys

import pytest

LABORATORY = (
    "models.tables",
    "models.training",
    "models.judging",
    "models.simulation",
    "models.simulated",
    "models.statistics",
    "models.evaluate",
    "models.growth.cohort",
    "models.growth.fit",
    "models.growth.judge",
    "models.growth.train",
    "models.search",
    "models.train",
    "pandas",
    "sklearn",
    "scipy.optimize",
    "optuna",
)


def loaded_by(module: str) -> set[str]:
    """The modules that a fresh interpreter has loaded once it imported `module`."""
    script = f"import sys, {module}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


@pytest.mark.parametrize("module", ["models.serving.forecaster", "models.growth.forecaster", "stream.wiring.worker"])
def test_serving_loads_nothing_of_the_laboratory(module: str) -> None:
    loaded = loaded_by(module)
    assert module in loaded
    assert [name for name in sorted(loaded) if name.startswith(tuple(f"{each}." for each in LABORATORY))] == []
    assert loaded.isdisjoint(LABORATORY)
