"""Outlined series as the slice classifier is taught with them."""

from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from models.imaging.outlined import OutlinedSeries
from models.imaging.preprocess import placed, slice_stack

SMALLEST_PIXELS = 1.0
"""Area of tumour, in pixels of the picture, from which a slice shows it: what moves out of the picture is not shown."""
BLANK = 0.05
"""A slice whose brightest pixel is darker holds no head; some series end with a few."""


class Lesson(NamedTuple):
    """A series as the network sees it: `pictures` and `outlined` (D, 1, S, S); whether a slice `shows` (D,) tumour."""

    patient: str
    pictures: Tensor
    outlined: Tensor
    shows: Tensor

    @classmethod
    def of(cls, series: OutlinedSeries) -> Self:
        """The lesson of `series`, made by the functions that serving uses."""
        outlined = placed(series.volume, series.outlined.astype(np.float32))
        shows = torch.from_numpy(series.outlined.any((1, 2)))
        pictures = torch.from_numpy(slice_stack(series.volume))
        return cls(series.patient, pictures, torch.from_numpy(outlined)[:, None], shows)

    @property
    def blank(self) -> Tensor:
        """Whether (D,) a slice holds no head."""
        return self.pictures.amax((1, 2, 3)) < BLANK
