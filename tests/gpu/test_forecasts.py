from pathlib import Path

import numpy as np
import pytest
import torch

from models.card import COMMITTED
from models.forecast import RiskForecast, of_kind
from models.serving.forecaster import load_forecaster
from tests.models.timelines import sizes

VISITS = sizes(50, 40, 60, 80, 30)
FOLDERS = sorted(path.parent for path in COMMITTED.glob("*/card.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_device_forecasts_what_the_cpu_forecasts(folder: Path, device: torch.device) -> None:
    states, told = {}, {}
    for name in ("cpu", str(device)):
        forecaster = load_forecaster(folder, name)
        state = forecaster.initial(1)
        for visit in VISITS:
            state, [made] = forecaster.advance(state, [visit])
        states[name], told[name] = state, [each.risk for each in of_kind(RiskForecast, made)]
    assert np.abs(states["cpu"] - states[str(device)]).max() <= 1e-5
    assert np.allclose(told["cpu"], told[str(device)], rtol=0, atol=1e-5)
