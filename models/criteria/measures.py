"""What counts as the size of a lesion: a diameter, a product of two, or a volume; from which size on it is disease."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from models.criteria.exact import exact
from models.criteria.finding import LesionFinding

SPHERE_ML = Fraction(523599, 10**9)
"""Volume (ml) of a sphere of 1 mm diameter: pi / 6 mm³."""


class SizeMeasure(Protocol):
    """How a criterion measures one lesion; sizes are exact, in `unit`."""

    @property
    def unit(self) -> str: ...

    @property
    def sum_name(self) -> str: ...

    @property
    def too_small(self) -> Fraction:
        """What a lesion counts that is too small to measure."""

    def size(self, finding: LesionFinding, node: bool) -> Fraction | None:
        """The size that counts; None where it was not measured."""

    def measurable(self, finding: LesionFinding, node: bool) -> bool:
        """Whether it is large enough to be a target by the default rule."""

    def diseased(self, size: Fraction, node: bool) -> bool:
        """Whether a lesion of this size is there: a normal node is none."""


@dataclass(frozen=True)
class DiameterMeasure:
    """RECIST 1.1: the longest diameter, of a node the short axis, in mm [3.1, 3.2, 4.2, 4.3.2]."""

    unit: str = "mm"
    sum_name: str = "sum"
    too_small: Fraction = Fraction(5)
    measurable_mm: int = 10
    measurable_node_mm: int = 15
    diseased_node_mm: int = 10

    def size(self, finding: LesionFinding, node: bool) -> Fraction | None:
        """The diameter that counts, in mm."""
        diameter = finding.short_axis_mm if node else finding.long_axis_mm
        return None if diameter is None else exact(diameter)

    def measurable(self, finding: LesionFinding, node: bool) -> bool:
        size = self.size(finding, node)
        return size is not None and size >= (self.measurable_node_mm if node else self.measurable_mm)

    def diseased(self, size: Fraction, node: bool) -> bool:
        return size >= self.diseased_node_mm if node else size > 0


@dataclass(frozen=True)
class ProductMeasure:
    """RANO: the product of the two largest perpendicular diameters, in mm²; the brain has no nodes."""

    unit: str = "mm²"
    sum_name: str = "sum of products"
    too_small: Fraction = Fraction(25)
    measurable_mm: int = 10

    def size(self, finding: LesionFinding, node: bool) -> Fraction | None:
        """The product in mm²; a longest diameter of 0 says that the lesion is gone, without a second."""
        long, short = finding.long_axis_mm, finding.short_axis_mm
        if 0 in (long, short):
            return Fraction(0)
        return None if long is None or short is None else exact(long) * exact(short)

    def measurable(self, finding: LesionFinding, node: bool) -> bool:
        diameters = finding.long_axis_mm, finding.short_axis_mm
        return all(diameter is not None and exact(diameter) >= self.measurable_mm for diameter in diameters)

    def diseased(self, size: Fraction, node: bool) -> bool:
        return size > 0


@dataclass(frozen=True)
class VolumeMeasure:
    """The volume in ml; the limits of RECIST 1.1 as volumes of spheres of that diameter (our convention)."""

    unit: str = "ml"
    sum_name: str = "sum of volumes"
    too_small: Fraction = 5**3 * SPHERE_ML
    measurable_ml: Fraction = 10**3 * SPHERE_ML
    measurable_node_ml: Fraction = 15**3 * SPHERE_ML
    diseased_node_ml: Fraction = 10**3 * SPHERE_ML

    def size(self, finding: LesionFinding, node: bool) -> Fraction | None:
        """The volume in ml; a diameter of 0 says that the lesion is gone, without a volume."""
        if finding.volume_ml is None:
            return Fraction(0) if 0 in (finding.long_axis_mm, finding.short_axis_mm) else None
        return exact(finding.volume_ml)

    def measurable(self, finding: LesionFinding, node: bool) -> bool:
        size = self.size(finding, node)
        return size is not None and size >= (self.measurable_node_ml if node else self.measurable_ml)

    def diseased(self, size: Fraction, node: bool) -> bool:
        return size >= self.diseased_node_ml if node else size > 0
