"""What all reports here are made of: highdicom's template of the whole (TID 1500), and codes."""

from collections.abc import Sequence

from highdicom.sr import (
    Comprehensive3DSR,
    FindingSite,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom import Dataset, uid
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from tests.dicom.makers.outlines import WRITER

Group = (
    MeasurementsAndQualitativeEvaluations
    | PlanarROIMeasurementsAndQualitativeEvaluations
    | VolumetricROIMeasurementsAndQualitativeEvaluations
)

MM, CM, ML = codes.UCUM.Millimeter, Code("cm", "UCUM", "cm"), Code("ml", "UCUM", "ml")
MM2, MM3 = codes.UCUM.SquareMillimeter, Code("mm3", "UCUM", "cubic millimeter")
LONG, SHORT, LENGTH, VOLUME = codes.SCT.LongAxis, codes.SCT.ShortAxis, codes.SCT.Length, codes.SCT.Volume
LUNG, LIVER = FindingSite(codes.SCT.Lung), FindingSite(codes.SCT.Liver)
PROCEDURE = Code("25045-6", "LN", "CT unspecified body region")


def written(evidence: Sequence[Dataset], groups: Sequence[Group], observer: str = "") -> Dataset:
    """A measurement report (TID 1500) of `groups`, by a person if `observer` names one."""
    attributes = PersonObserverIdentifyingAttributes(observer) if observer else None
    person = ObserverContext(codes.DCM.Person, attributes) if attributes else None
    content = MeasurementReport(ObservationContext(person), PROCEDURE, groups)
    return Comprehensive3DSR(
        evidence, content, uid.generate_uid(), sop_instance_uid=uid.generate_uid(), is_complete=True, **WRITER
    )


def tracking(identifier: str) -> TrackingIdentifier:
    return TrackingIdentifier(uid.generate_uid(), identifier)
