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
