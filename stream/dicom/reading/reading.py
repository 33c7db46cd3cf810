"""What one report or segmentation says of its scan, for measurements.py to bring together."""

from dataclasses import dataclass

from models.measurement import Measurement
from stream.measured_scan import Unused


@dataclass(frozen=True)
class Reading:
    """Measurements of one object, and what it holds that is not used."""

    measurements: tuple[Measurement, ...] = ()
    unused: tuple[Unused, ...] = ()
