"""Coded concepts (PS3.16) that measurements, body sites and lesions are told by, old SNOMED codes included."""

from dataclasses import dataclass

from pydicom import Dataset
from pydicom.sr.coding import snomed_mapping  # what its `Code` compares by; nothing else of it gives today's code

from models.criteria.organs import ORGANS
from stream.dicom.reading.codes.standard_codes import Key, codes_worded, context_group, standard_meaning

_OLD_SNOMED = ("SRT", "SNM3", "99SDM")  # PS3.16 8.1: retired designators of the same codes


@dataclass(frozen=True)
class Concept:
    """A code in its scheme; SNOMED codes of the old style are turned into today's."""

    value: str
    scheme: str
    meaning: str

    @property
    def key(self) -> Key:
        """What equality of concepts means: value and scheme, not the wording."""
        return self.value, self.scheme

    @property
    def wording(self) -> str:
        """That of the standard; of a code that it does not know, the file's own."""
        return standard_meaning(self.key) or self.meaning


def concept(item: Dataset, sequence: str) -> Concept | None:
    """The first code in `sequence` of a content item or segment; None where there is none."""
    codes = item.get(sequence)
    if not codes:
        return None
    code = codes[0]
    value = next((str(stated) for name in _CODE_VALUES if (stated := code.get(name))), "")
    scheme = str(code.get("CodingSchemeDesignator") or "")
    if scheme in _OLD_SNOMED:
        value, scheme = snomed_mapping["SRT"].get(value, value), "SCT"
    if scheme == "FMA":
        value = value.removeprefix("FMA").removeprefix("ID").lstrip(":")
    return Concept(value, scheme, str(code.get("CodeMeaning") or ""))


_CODE_VALUES = ("CodeValue", "LongCodeValue", "URNCodeValue")

TRACKING_IDENTIFIER = ("112039", "DCM")
TRACKING_UID = ("112040", "DCM")
FINDING = ("121071", "DCM")
FINDING_CATEGORY = ("276214006", "SCT")
FINDING_SITE = ("363698007", "SCT")

MEASUREMENTS = {
    ("118565006", "SCT"): "volume",
    ("RNU0", "IBSI"): "volume",  # from the mesh
    ("YEKZ", "IBSI"): "volume",  # from the voxels
    ("103339001", "SCT"): "longest_diameter",  # Long Axis
    ("81827009", "SCT"): "longest_diameter",  # Diameter
    ("131187009", "SCT"): "longest_diameter",  # Major Axis
    ("410668003", "SCT"): "longest_diameter",  # Length: what viewers call a line that was drawn across a lesion
    ("103340004", "SCT"): "short_axis",
    ("131188004", "SCT"): "short_axis",  # Minor Axis
    ("QCFX", "IBSI"): "sphericity",
    ("BPE", "99ISPY"): "background_parenchymal_enhancement",
}
"""Concept names of CID 7469, 7470, 7472, 7477 and of I-SPY2 that are stored, with the word they are stored under.

Of several for one word the one that stands first here counts."""

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
GONE_MARK, PRESENT_MARK, PROGRESSED_MARK = "112045", "112046", "112047"
STATE_MARKS = frozenset({GONE_MARK, PRESENT_MARK, PROGRESSED_MARK})
"""What a non-target is said to be, with a number or without: gone, there, progressed beyond doubt."""

LYMPH_NODES = context_group(7600) | {
    ("8568009", "SCT"),  # Abdominal lymph node structure
    ("30746006", "SCT"),  # Lymphadenopathy
    ("127189005", "SCT"),  # Axillary lymphadenopathy
    ("94392001", "SCT"),  # Secondary malignant neoplasm of lymph node
    ("111333", "DCM"),  # Metastasis to an intramammary lymph node
    ("5034", "FMA"),
    ("RID13296", "RADLEX"),
    ("C0024204", "UMLS"),
    ("C12745", "NCIt"),
}
"""Lymph nodes, and findings that are one, in any language of their meaning."""
_LYMPH_NODE = "lymph node"  # in the meaning of a code that no table here knows: the last resort

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
    "77831004": "breast",
    "76365002": "breast",
    "19100000": "breast",
    "33564002": "breast",
    "31094006": "lung",
    "42400003": "lung",
    "40020002": "lung",
    "90572001": "lung",
    "281392002": "lung",
    "281393007": "lung",
    "281394001": "lung",
    "83251001": "brain",
    "78277001": "brain",
    "16630005": "brain",
    "31065004": "brain",
    "113305005": "brain",
    "83678007": "brain",
    "71133005": "liver",
    "9846003": "kidney",
    "18639004": "kidney",
    "64163001": "pancreas",
    "40133006": "pancreas",
    "73239005": "pancreas",
    "9040008": "colon",
    "485005": "colon",
    "32622004": "colon",
    "60184004": "colon",
    "79163004": "thyroid",
    "29565003": "thyroid",
}
"""SNOMED CT codes of body sites with our word: sides and lobes count as their organ."""

_OTHER_SITES = {
    ("7195", "FMA"): "lung",
    ("7309", "FMA"): "lung",
    ("7310", "FMA"): "lung",
    ("7197", "FMA"): "liver",
    ("7203", "FMA"): "kidney",
    ("50801", "FMA"): "brain",
    ("7198", "FMA"): "pancreas",
    ("7196", "FMA"): "spleen",
    ("9600", "FMA"): "prostate",
    ("15900", "FMA"): "bladder",
    ("9601", "FMA"): "breast",
    ("7148", "FMA"): "stomach",
    ("7131", "FMA"): "esophagus",
    ("7209", "FMA"): "ovary",
    ("17558", "FMA"): "uterus",
    ("9603", "FMA"): "thyroid",
    ("9604", "FMA"): "adrenal gland",
    ("14543", "FMA"): "colon",
    ("14544", "FMA"): "rectum",
    ("RID1301", "RADLEX"): "lung",
    ("RID58", "RADLEX"): "liver",
    ("RID205", "RADLEX"): "kidney",
    ("RID6434", "RADLEX"): "brain",
    ("RID170", "RADLEX"): "pancreas",
    ("RID86", "RADLEX"): "spleen",
    ("RID343", "RADLEX"): "prostate",
    ("RID237", "RADLEX"): "bladder",
}
"""The same of the Foundational Model of Anatomy and of RadLex."""

_LIVER_SEGMENTS = context_group(7170)
_SITES = (
    {(value, "SCT"): word for value, word in SITES.items()} | _OTHER_SITES | dict.fromkeys(_LIVER_SEGMENTS, "liver")
)
SITE_CODES = frozenset(_SITES)
_PARTS = {
    "bone": codes_worded("SCT", r"^bone structure of |bone structure( |$)"),
    "skin": codes_worded("SCT", r"^skin (structure )?of "),
    "lung": codes_worded("SCT", r"lobe of lung|^(structure of )?(apex of|segment of) lung"),
    "prostate": codes_worded("SCT", r"(zone|stroma) of (the |left half |right half )?prostate"),
}
"""Parts of organs, by the standard's wording of their codes."""
_PART_OF = {key: organ for organ, parts in _PARTS.items() for key in parts}


def site_word(site: Concept | None) -> str | None:
    """Our word for a body site; the code's wording in lower case where we have none."""
    if site is None:
        return None
    return _SITES.get(site.key) or _PART_OF.get(site.key) or site.wording.strip().lower() or None


def body_part_word(body_part: str) -> str | None:
    """Our word for BodyPartExamined (CID 4); None where it names no organ (CHEST, HEAD, WHOLEBODY)."""
    word = body_part.strip().lower()
    return word if word in ORGANS else None


def is_lymph_node(place: Concept | None) -> bool:
    """Whether a finding, site or segmented property is a lymph node, measured by its short axis."""
    if place is None:
        return False
    unknown = standard_meaning(place.key) is None
    return place.key in LYMPH_NODES or (unknown and _LYMPH_NODE in place.meaning.lower())
