"""Training time and the latency of one step: `python -m benchmarks.step FOLDER` with immunotherapy and ispy2 in it.

One thread on the CPU, medians of processor time, so that other work on the machine counts little. It writes its tables
into docs/benchmarks.md and ends with exit code 1 when the step misses what is stated of it.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor

from models.evaluate import load_usable
from models.features import FEATURE_NAMES
from models.serving.forecaster import Forecaster, committed_forecasters
from models.serving.history import input_names
from models.serving.lstm import LSTM, State
from models.timepoint import Timepoint
from models.training.blueprints import BLUEPRINTS
from models.training.fit import fit

FILE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: written by python -m benchmarks.step -->", "<!-- end of the step -->"
DATA = {"progression": "immunotherapy", "response": "ispy2"}
BATCHES = (1, 8, 64, 1024)
STATED = {1: 5.0, 8: 5.0, 64: 1.0, 1024: 1.0}
"""How many times faster than the same members as eager nn.LSTM, one after the other, a step is at least."""
DIFFERENCE = 1e-6
ROUNDS, ROUND_SECONDS = 15, 0.05
SEED = 20261123


@dataclass(frozen=True)
class Step:
    """Microseconds of one step of a whole ensemble, and of nn.LSTM for all members and for one; largest difference."""

    rows: int
    ours: float
    each: float
    alone: float
    difference: float

    @property
    def holds(self) -> bool:
        """Whether it is as fast and as exact as stated."""
        return self.each / self.ours >= STATED[self.rows] and self.difference <= DIFFERENCE


def main(folder: Path) -> None:
    """Measure, write the tables, print them."""
    torch.set_num_threads(1)
    held = committed_forecasters("cpu")
    steps = {forecaster.card.model: [_step(forecaster, rows) for rows in BATCHES] for forecaster in held}
    lines = [*_step_table(steps), "", *_advance_table(held), "", *_training_table(folder)]
    text = "\n".join(lines)
    before, _, rest = FILE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    FILE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    print(text)
    if missed := [f"{model} at {step.rows}" for model, each in steps.items() for step in each if not step.holds]:
        sys.exit(f"Slower or less exact than stated: {', '.join(missed)}.")


def _step(forecaster: Forecaster, rows: int) -> Step:
    architecture, random = forecaster.card.architecture, torch.Generator().manual_seed(SEED)
    inputs, members = len(input_names(architecture.feature_names)), architecture.members
    core, theirs = _cores(inputs, members, architecture.hidden, random)
    x = torch.randn(rows, inputs, generator=random)
    before = State(*(0.5 * torch.randn(members, rows, architecture.hidden, generator=random) for _ in range(2)))
    elapsed_days = torch.zeros(rows)

    def ours() -> tuple[Tensor, Tensor]:
        return core.step(x.expand(members, -1, -1), elapsed_days, before)[1]

    def their_step(member: int) -> tuple[Tensor, Tensor]:
        return theirs[member](x[None], (before.hidden[member][None], before.cell[member][None]))[1]

    with torch.inference_mode():
        same = [torch.cat(part) for part in zip(*map(their_step, range(members)), strict=True)]
        difference = max(float((a - b).abs().max()) for a, b in zip(ours(), same, strict=True))
        each = _microseconds(lambda: [their_step(member) for member in range(members)])
        return Step(rows, _microseconds(ours), each, _microseconds(lambda: their_step(0)), difference)


def _cores(inputs: int, members: int, hidden: int, random: torch.Generator) -> tuple[LSTM, list[torch.nn.LSTM]]:
    """Our core of random weights, and nn.LSTM with those of each member."""
    shapes = LSTM.shapes(inputs, hidden).items()
    weights = {name: torch.randn(members, *shape, generator=random) * hidden**-0.5 for name, shape in shapes}
    theirs = [torch.nn.LSTM(inputs, hidden) for _ in range(members)]
    for member, lstm in enumerate(theirs):
        own = {"weight_ih_l0": weights["weight_ih"][member], "weight_hh_l0": weights["weight_hh"][member]}
        bias = {"bias_ih_l0": weights["bias"][member], "bias_hh_l0": torch.zeros(4 * hidden)}
        lstm.load_state_dict(own | bias)
    return LSTM.of(weights), theirs


def _microseconds(work: Callable[[], object]) -> float:
    """Median processor time of one call, over rounds of about ROUND_SECONDS."""

    def seconds(calls: int) -> float:
        started = time.process_time()
        for _ in range(calls):
            work()
        return (time.process_time() - started) / calls

    work()
    calls = max(1, int(ROUND_SECONDS / max(seconds(3), 1e-6)))
    return 1e6 * median(seconds(calls) for _ in range(ROUNDS))


def _timepoints(forecaster: Forecaster, rows: int) -> list[Timepoint]:
    random = np.random.default_rng(SEED)
    wanted = np.isin(FEATURE_NAMES, forecaster.card.feature_names)
    x = np.where(wanted, random.lognormal(3.0, 0.5, (rows, len(FEATURE_NAMES))), np.nan)
    disease = forecaster.card.applies_to.diseases[0]
    return [Timepoint(each, 42.0, disease, (), {"age": 50, "arm": "Paclitaxel"}) for each in x]


def _step_table(steps: dict[str, list[Step]]) -> Iterator[str]:
    yield "| one LSTM step | rows | all members at once, µs | nn.LSTM, all members, µs | over ours | stated | nn.LSTM, one member, µs | largest difference |"  # noqa: E501
    yield "|---|---|---|---|---|---|---|---|"
    for model, each in steps.items():
        for step in each:
            stated = f"≥ {STATED[step.rows]:g}" + ("" if step.holds else ", missed")
            yield (
                f"| {model} | {step.rows} | {step.ours:,.0f} | {step.each:,.0f} | {step.each / step.ours:.1f} "
                f"| {stated} | {step.alone:,.0f} | {step.difference:.0e} |"
            )


def _advance_table(held: list[Forecaster]) -> Iterator[str]:
    yield "| `Forecaster.advance`, µs a timepoint | " + " | ".join(f"{rows} rows" for rows in BATCHES) + " |"
    yield "|---|" + "---|" * len(BATCHES)
    for forecaster in held:
        cells = []
        for rows in BATCHES:
            states, points = forecaster.initial(rows), _timepoints(forecaster, rows)
            states, _ = forecaster.advance(states, points)
            cells.append(_microseconds(lambda f=forecaster, s=states, p=points: f.advance(s, p)) / rows)
        yield f"| {forecaster.card.model} | " + " | ".join(f"{cell:,.0f}" for cell in cells) + " |"


def _training_table(folder: Path) -> Iterator[str]:
    yield "| training once, all patients | patients | members | epochs | processor s |"
    yield "|---|---|---|---|---|"
    for model, data in DATA.items():
        blueprint = BLUEPRINTS[model]
        timelines = load_usable(folder / data, blueprint)
        started = time.process_time()
        fit(blueprint, timelines, SEED)
        seconds = time.process_time() - started
        members = blueprint.architecture.members
        yield f"| {model} | {len(timelines)} | {members} | {blueprint.epochs} | {seconds:.1f} |"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
