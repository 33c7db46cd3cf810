import torch

from benchmarks.gpu.__main__ import read_table
from benchmarks.gpu.encoder import encoder_error, measure_encoder


def test_a_device_reads_slices_as_the_cpu_reads_them(device: torch.device) -> None:
    assert encoder_error(device, slices=3) <= 1e-5


def test_the_table_tells_of_every_size_of_batch(device: torch.device) -> None:
    text = "\n".join(read_table(list(measure_encoder(device, (1, 3))), 1e-6))
    assert text.count("\n| 1 |") == text.count("\n| 3 |") == 1
