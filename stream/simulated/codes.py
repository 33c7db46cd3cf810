"""Codes that made-up reports are written with: places, measurements, and the words of RECIST."""

from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.criteria.measures import DiameterMeasure

Code = tuple[str, str, str]  # value, scheme, meaning

NEOPLASM: Code = ("108369006", "SCT", "Neoplasm")
LYMPH_NODE: Code = ("59441001", "SCT", "Lymph node")
SITES: dict[str, Code] = {
    "lung": ("39607008", "SCT", "Lung"),
    "breast": ("76752008", "SCT", "Breast"),
    "brain": ("12738006", "SCT", "Brain"),
    "bladder": ("89837001", "SCT", "Bladder"),
    "liver": ("10200004", "SCT", "Liver"),
    "adrenal gland": ("23451007", "SCT", "Adrenal gland"),
    "pleura": ("3120008", "SCT", "Pleura"),
}
CONCEPTS: dict[str, Code] = {
    "longest_diameter": ("103339001", "SCT", "Long Axis"),
    "short_axis": ("103340004", "SCT", "Short Axis"),
    "volume": ("118565006", "SCT", "Volume"),
    "sphericity": ("QCFX", "IBSI", "Sphericity"),
    "background_parenchymal_enhancement": ("BPE", "99ISPY", "Background parenchymal enhancement, mean"),
}

TOO_SMALL: Code = ("112133", "DCM", "Too small")
AT_BASELINE: dict[LesionRole, Code] = {
    LesionRole.TARGET: ("112074", "DCM", "Target Lesion at Baseline"),
    LesionRole.NON_TARGET: ("112075", "DCM", "Non-Target Lesion at Baseline"),
}
NON_TARGET_GONE: Code = ("112045", "DCM", "Non-Target Lesion Complete Response")
NON_TARGET_THERE: Code = ("112046", "DCM", "Non-Target Lesion Incomplete Response or Stable Disease")
NON_TARGET_WORSE: Code = ("112047", "DCM", "Non-Target Lesion Progressive Disease")
_BASELINE_CATEGORY: Code = ("112016", "DCM", "Baseline Category")
_CURRENT_RESPONSE: Code = ("112048", "DCM", "Current Response")


def mark(finding: LesionFinding, baseline: bool) -> Code | None:
    """What a report says of a lesion besides numbers: at the baseline its role, later how a non-target fares."""
    if finding.progressed:
        return NON_TARGET_WORSE
    if finding.role is None or baseline:
        return None if finding.role is None else AT_BASELINE[finding.role]
    size = DiameterMeasure().size(finding, finding.node)
    healed = size is not None and not DiameterMeasure().diseased(size, finding.node)
    return NON_TARGET_GONE if healed or finding.state is LesionState.GONE else NON_TARGET_THERE


def name_of_mark(mark: Code) -> Code:
    """The name under which a report states it: CID 6145 is of the baseline, 6144 of later visits."""
    return _BASELINE_CATEGORY if mark in AT_BASELINE.values() else _CURRENT_RESPONSE
