"""What a measurement group or a segment is about: a lesion, or something else that is measured beside lesions.

Codes decide, never words (PS3.3 8.3). The finding or property type goes before the category, because writers fill the
category with whatever their menu offers first; a code that is known to no table leaves it to the category.
"""

from stream.dicom.reading.codes.standard_codes import Key, context_group
from stream.dicom.reading.concepts import SITE_CODES, Concept, is_lymph_node

ORGAN = "an organ or a structure of the body, not a lesion"
THING = "a device, a substance or a phantom, not a lesion"
BACKGROUND = "background or a reference, not a lesion"

_ABNORMAL_CATEGORY = ("49755003", "SCT")
_TISSUE = ("85756007", "SCT")  # what viewers write as type and category of whatever a person outlined
_CATEGORIES: dict[Key, str] = {
    ("123037004", "SCT"): ORGAN,  # Anatomical Structure, as it was coded until 2020
    ("91723000", "SCT"): ORGAN,  # Anatomical Structure
    ("113343008", "SCT"): ORGAN,  # Organ
    ("91772007", "SCT"): ORGAN,  # Organ
    _TISSUE: ORGAN,  # where a type says which
    ("38266002", "SCT"): ORGAN,  # Entire body
    ("91720002", "SCT"): THING,  # Body Substance
    ("105590001", "SCT"): THING,  # Substance
    ("260787004", "SCT"): THING,  # Physical object
    ("130045", "DCM"): THING,  # Brachytherapy Device
    ("130044", "DCM"): THING,  # Fixation or Positioning Device
    ("130666", "DCM"): THING,  # Radiotherapy Fiducial
    ("130405", "DCM"): THING,  # Patient-Attached Dose Control Object
    ("130047", "DCM"): ORGAN,  # External Body Model
    ("130046", "DCM"): BACKGROUND,  # Non-specific Volume
    ("130043", "DCM"): BACKGROUND,  # RT Geometric Information
    ("130748", "DCM"): BACKGROUND,  # Radiotherapy Dose Region
    ("246464006", "SCT"): BACKGROUND,  # Function
    ("309825002", "SCT"): BACKGROUND,  # Spatial and Relational Concept
}
"""Of CID 7150 and 9580, and what older files say for them; also found where a finding is asked for."""

_BACKGROUND = context_group(7195, 7196) | {
    ("260395002", "SCT"),  # Normal Range
    ("122411", "DCM"),  # Threshold Value
    ("112032", "DCM"),  # Threshold Attenuation Coefficient
    ("112076", "DCM"),  # Non-Lesion at Baseline
}
_THINGS = context_group(4052, 6040, 6138, 6203, 7157, 7158, 7193, 7197, 7198) | {
    ("113681", "DCM"),  # Phantom
    ("706342009", "SCT"),  # Phantom
}
_ABNORMAL = context_group(7159, 7168, 7169, 7194, 7199) - _BACKGROUND
_ANATOMY = context_group(4031, 6300, 7152, 7153, 7154, 7155, 7156, 7160, 7166, 7167, 7171, 7191, 7192) | SITE_CODES


def why_no_lesion(kind: Concept | None, category: Concept | None = None, site: Concept | None = None) -> str | None:
    """Why this is no lesion, None where it is one.

    `kind` is a finding or property type, `category` that of the finding or segment, `site` where it is.
    """
    if kind and kind.key == _TISSUE and (category is None or category.key == _TISSUE):
        return None
    for thing in (kind, site, category):
        if thing and (thing.key in _THINGS or thing.key in _BACKGROUND - _ANATOMY):
            return THING if thing.key in _THINGS else BACKGROUND
    if is_lymph_node(kind) or (kind and kind.key in _ABNORMAL):
        return None
    if category and category.key in {_ABNORMAL_CATEGORY, *_CATEGORIES}:
        return None if is_lymph_node(site) else _CATEGORIES.get(category.key)
    if kind and not is_lymph_node(site):
        return _CATEGORIES.get(kind.key) or (ORGAN if kind.key in _ANATOMY else None)
    return None
