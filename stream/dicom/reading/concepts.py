"""Coded concepts (PS3.16) that measurements, body sites and lesions are told by, old SNOMED codes included."""

from dataclasses import dataclass

from pydicom import Dataset
from pydicom.sr.coding import snomed_mapping  # what its `Code` compares by; nothing else of it gives today's code

_OLD_SNOMED = ("SRT", "SNM3", "99SDM")  # PS3.16 8.1: retired designators of the same codes


@dataclass(frozen=True)
class Concept:
    """A code in its scheme; SNOMED codes of the old style are turned into today's."""

    value: str
    scheme: str
    meaning: str

    @property
    def key(self) -> tuple[str, str]:
        """What equality of concepts means: value and scheme, not the wording."""
        return self.value, self.scheme


def concept(item: Dataset, sequence: str) -> Concept | None:
    """The first code in `sequence` of a content item or segment; None where there is none."""
    codes = item.get(sequence)
    if not codes:
        return None
    value = next((str(codes[0].get(name)) for name in _CODE_VALUES if codes[0].get(name)), "")
    scheme = str(codes[0].get("CodingSchemeDesignator") or "")
    if scheme in _OLD_SNOMED:
        value, scheme = snomed_mapping["SRT"].get(value, value), "SCT"
    return Concept(value, scheme, str(codes[0].get("CodeMeaning") or ""))


_CODE_VALUES = ("CodeValue", "LongCodeValue", "URNCodeValue")

TRACKING_IDENTIFIER = ("112039", "DCM")
TRACKING_UID = ("112040", "DCM")
FINDING = ("121071", "DCM")
FINDING_SITE = ("363698007", "SCT")

MEASUREMENTS = {
    ("118565006", "SCT"): "volume",
    ("RNU0", "IBSI"): "volume",  # from the mesh
    ("YEKZ", "IBSI"): "volume",  # from the voxels
    ("103339001", "SCT"): "longest_diameter",  # Long Axis
    ("81827009", "SCT"): "longest_diameter",  # Diameter
    ("131187009", "SCT"): "longest_diameter",  # Major Axis
    ("103340004", "SCT"): "short_axis",
    ("131188004", "SCT"): "short_axis",  # Minor Axis
    ("QCFX", "IBSI"): "sphericity",
    ("BPE", "99ISPY"): "background_parenchymal_enhancement",
}
"""Concept names of CID 7469, 7470, 7472, 7477 and of I-SPY2 that are stored, with the word they are stored under."""

WHOLE_PATIENT = frozenset({"background_parenchymal_enhancement"})  # a property of the breast, not of the lesion

_LENGTH = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "um": 0.001}
_VOLUME = {"ml": 1.0, "mL": 1.0, "cm3": 1.0, "mm3": 0.001, "dm3": 1000.0, "l": 1000.0, "L": 1000.0}
UNITS = {
    "longest_diameter": _LENGTH,
    "short_axis": _LENGTH,
    "volume": _VOLUME,
    "sphericity": {"1": 1.0, "{ratio}": 1.0, "%": 0.01},
    "background_parenchymal_enhancement": {"%": 1.0, "1": 100.0, "{ratio}": 100.0},
}
"""By measurement: the UCUM codes understood, each with the factor to our unit (models.measurement.UNITS)."""

TARGETS = {str(code): True for code in (112041, 112042, 112043, 112044, 112074)}
NON_TARGETS = {str(code): False for code in (112045, 112046, 112047, 112075)}
TARGET_MARKS = TARGETS | NON_TARGETS
"""Codes of CID 6144 (response of a lesion) and 6145 (lesion at baseline): is it one of RECIST's targets?"""

ANATOMY_CATEGORIES = frozenset({("123037004", "SCT"), ("113343008", "SCT")})  # Anatomical Structure, Organ
_LYMPH_NODE = "lymph node"  # in the meaning of all 150 codes of CID 7600 and of the findings made from them

SITES = {
    "76752008": "breast",
    "73056007": "breast",
    "80248007": "breast",
    "39607008": "lung",
    "3341006": "lung",
    "44029006": "lung",
    "45653009": "lung",
    "72481006": "lung",
    "266005": "lung",
    "44714003": "lung",
    "41224006": "lung",
    "12738006": "brain",
    "89837001": "bladder",
    "10200004": "liver",
    "64033007": "kidney",
    "15776009": "pancreas",
    "41216001": "prostate",
    "71854001": "colon",
    "34402009": "rectum",
    "69695003": "stomach",
    "32849002": "esophagus",
    "15497006": "ovary",
    "35039007": "uterus",
    "69748006": "thyroid",
    "23451007": "adrenal gland",
    "78961009": "spleen",
    "272673000": "bone",
    "39937001": "skin",
}
"""SNOMED CT codes of body sites with our word: sides and lobes count as their organ."""

ORGANS = frozenset(SITES.values())


def site_word(site: Concept | None) -> str | None:
    """Our word for a body site; the code's meaning in lower case where we have none."""
    if site is None:
        return None
    return SITES.get(site.value) or site.meaning.strip().lower() or None


def body_part_word(body_part: str) -> str | None:
    """Our word for BodyPartExamined (CID 4); None where it names no organ (CHEST, HEAD, WHOLEBODY)."""
    word = body_part.strip().lower()
    return word if word in ORGANS else None


def is_lymph_node(place: Concept | None) -> bool:
    """Whether a finding, site or segmented property is a lymph node, measured by its short axis."""
    return place is not None and _LYMPH_NODE in place.meaning.lower()
