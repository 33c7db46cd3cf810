"""One measured number of a scan, in the units every model and table here uses."""

from dataclasses import dataclass

UNITS = {
    "longest_diameter": "mm",
    "short_axis": "mm",
    "volume": "ml",
    "sphericity": "1",
    "background_parenchymal_enhancement": "%",
    "sum_of_diameters": "mm",
    "relative_attenuation": "1",
    "intensity_entropy": "bit",
    "intensity_uniformity": "1",
    "texture_joint_entropy": "bit",
    "texture_contrast": "1",
    "texture_inverse_difference": "1",
}
"""Units of what is measured, and of the image features made from a lesion's pixels."""

# More than any body holds: a slip of unit or comma. Such a value, a negative and an infinite one count as not measured.
LARGEST = {
    "sum_of_diameters": 5000.0,  # mm
    "longest_diameter": 1000.0,  # mm
    "short_axis": 1000.0,  # mm
    "volume": 50000.0,  # ml
    "sphericity": 10.0,
    "background_parenchymal_enhancement": 1000.0,  # %
    "relative_attenuation": 10.0,  # metal
    "intensity_entropy": 5.0,  # bit: all 32 levels alike, as are the limits of the others
    "intensity_uniformity": 1.0,
    "texture_joint_entropy": 10.0,  # bit
    "texture_contrast": 961.0,
    "texture_inverse_difference": 1.0,
}
ROUNDED_MM = 0.5  # sizes are read to the millimetre: a size is somewhere within half of one


@dataclass(frozen=True)
class Measurement:
    """`value` in the unit UNITS names for `measurement`; whole-patient values have no lesion.

    `target` is what the report marks (None: it does not say); `node` says that a lymph node is measured.
    """

    measurement: str
    value: float
    source: str  # SR, SEG, model or import
    lesion_uid: str | None = None
    lesion_label: str | None = None
    body_site: str | None = None
    target: bool | None = None
    node: bool = False

    @property
    def unit(self) -> str:
        """Unit of `value`."""
        return UNITS[self.measurement]
