import pytest
import torch

from benchmarks.gpu.__main__ import measured
from benchmarks.gpu.arena import Arena, RecordedStep, moved, stacked_cores
from benchmarks.gpu.limits import Limits
from benchmarks.gpu.steps import error, hidden_after, measure
from models.serving.lstm import LSTM

INPUTS, HIDDEN, LAYERS, PATIENTS = 5, 8, 2, 12


@pytest.fixture
def cores(device: torch.device) -> list[LSTM]:
    random = torch.Generator().manual_seed(1)
    return [moved(core, device) for core in stacked_cores(INPUTS, HIDDEN, LAYERS, random)]


def test_states_in_place_are_those_of_torch(cores: list[LSTM], device: torch.device) -> None:
    theirs = torch.nn.LSTM(INPUTS, HIDDEN, LAYERS)
    for layer, core in enumerate(cores):
        for theirs_name, part in (("weight_ih", core.weight_ih), ("weight_hh", core.weight_hh), ("bias_ih", core.bias)):
            getattr(theirs, f"{theirs_name}_l{layer}").data.copy_(part[0].cpu())
        getattr(theirs, f"bias_hh_l{layer}").data.zero_()
    visits = torch.randn(4, PATIENTS, INPUTS, generator=torch.Generator().manual_seed(2))
    _, (hidden, _) = theirs(visits)
    assert (hidden_after(cores, visits.to(device)).cpu() - hidden).abs().max() <= 1e-6


def test_only_the_rows_that_are_named_move_whatever_was_recorded(cores: list[LSTM], device: torch.device) -> None:
    arena, plain = Arena(cores, PATIENTS), Arena(cores, PATIENTS)
    step = RecordedStep(arena, 6)
    for many in (6, 1, 4):
        rows = torch.randperm(PATIENTS)[:many].to(device)
        features = torch.randn(many, INPUTS).to(device)
        with torch.inference_mode():
            step(rows, features)
            plain.step(rows, features)
    assert torch.allclose(arena.hidden[:, :-1], plain.hidden[:, :-1], atol=1e-6)
    assert torch.allclose(arena.cell[:, :-1], plain.cell[:, :-1], atol=1e-6)


def test_float32_is_the_same_everywhere_and_bfloat16_is_not(device: torch.device) -> None:
    assert error(device, torch.float32) <= 1e-5 < error(device, torch.bfloat16) < 0.1


def test_the_tables_tell_of_every_size_of_batch(device: torch.device) -> None:
    found = {"float32": list(measure(device, torch.float32, (1, 4)))}
    text = measured("a device", found, {"float32": 1e-7})
    assert "a device" in text and text.count("\n| 1 |") == text.count("\n| 4 |") == 1


def test_work_takes_as_long_as_what_takes_longest() -> None:
    most = Limits(flops=100.0, bytes=10.0)
    assert (most.seconds(200, 10), most.seconds(100, 30)) == (2.0, 3.0)
