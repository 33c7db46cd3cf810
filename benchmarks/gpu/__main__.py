"""`python -m benchmarks.gpu`: step and encoder on this machine's GPU; writes docs/benchmarks-gpu.md and prints it.

Without a GPU it says so and changes nothing. Exit code 1 when what is stated is missed.
"""

import datetime as dt
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import torch

from benchmarks.gpu.encoder import Read, encoder_error, measure_encoder
from benchmarks.gpu.steps import VISITS, Stepped, error, measure

FILE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks-gpu.md"
KINDS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
SMALL, FASTER, OF_ROOFLINE = 256, 5.0, 0.6
"""A recorded step of up to SMALL rows is FASTER than a called one; a large one comes to this share of the roofline."""
BEGIN, END = "<!-- measured: written by make gpu -->", "<!-- end of what was measured -->"


def main() -> None:
    """Measure, write, print."""
    if not torch.cuda.is_available():
        print("There is no GPU here: nothing was measured, and docs/benchmarks-gpu.md is left as it is.")
        return
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    device = torch.device("cuda")
    found = {name: list(measure(device, kind)) for name, kind in KINDS.items()}
    errors = {name: error(device, kind) for name, kind in KINDS.items()}
    text = measured(torch.cuda.get_device_name(device), found, errors)
    text += "\n\n" + "\n".join(read_table(list(measure_encoder(device)), encoder_error(device)))
    before, _, rest = FILE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    FILE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    print(text)
    if not holds(found["float32"]):
        sys.exit("Slower than stated.")


def measured(device: str, found: Mapping[str, Sequence[Stepped]], errors: Mapping[str, float]) -> str:
    """The device, a table for each kind of number, and how far its states lie from the CPU's float32."""
    tables = "\n\n".join("\n".join(_table(name, steps, errors[name])) for name, steps in found.items())
    return f"{device} · {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC · torch {version('torch')}\n\n{tables}"


def read_table(reads: Sequence[Read], off: float) -> Iterator[str]:
    """The encoder of slices by how many it reads at once."""
    yield "| slices of 96 × 96 | read, ms | slices a second |"
    yield "|---|---|---|"
    for one in reads:
        yield f"| {one.slices:,} | {1e3 * one.seconds:,.1f} | {one.slices / one.seconds:,.0f} |"
    yield ""
    yield f"Largest difference of what the encoder says from the CPU, beside the largest value: {off:.0e}."


def holds(steps: Sequence[Stepped]) -> bool:
    """Whether recording pays and the largest batch comes near enough to what the device can do."""
    small = [step for step in steps if step.rows <= SMALL]
    largest = max(steps, key=lambda step: step.rows)
    faster = all(step.called / step.recorded >= FASTER for step in small)
    return faster and largest.least / largest.recorded >= OF_ROOFLINE


def _table(name: str, steps: Sequence[Stepped], off: float) -> Iterator[str]:
    yield f"| {name} | called, µs | recorded, µs | called over recorded | patients a second | of the roofline |"
    yield "|---|---|---|---|---|---|"
    for step in steps:
        times = f"{1e6 * step.called:,.0f} | {1e6 * step.recorded:,.0f} | {step.called / step.recorded:.1f}"
        yield f"| {step.rows:,} | {times} | {step.rows / step.recorded:,.0f} | {step.least / step.recorded:.2f} |"
    yield ""
    yield f"Largest difference of a hidden state from float32 on the CPU after {VISITS} visits: {off:.0e}."


if __name__ == "__main__":
    main()
