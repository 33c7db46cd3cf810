"""What the standard wants in every object of a kind (DICOM PS3.3, types 1 and 2), beside what a made-up scan says."""

from collections.abc import Mapping

from pydicom import uid

EVERY: Mapping[str, object] = {
    "PatientSex": "",
    "ReferringPhysicianName": "",
    "StudyID": "",
    "AccessionNumber": "",
    "SeriesNumber": 1,
    "InstanceNumber": 1,
    "Manufacturer": "ScanStream",
}
KEY_OBJECTS: Mapping[str, object] = {"ReferencedPerformedProcedureStepSequence": []}
REPORT: Mapping[str, object] = {
    **KEY_OBJECTS,
    "CompletionFlag": "COMPLETE",
    "VerificationFlag": "UNVERIFIED",
    "PerformedProcedureCodeSequence": [],
}
MR: Mapping[str, object] = {
    "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
    "PatientPosition": "HFS",
    "PositionReferenceIndicator": "",
    "ScanningSequence": "SE",
    "SequenceVariant": "NONE",
    "ScanOptions": "",
    "MRAcquisitionType": "2D",
    "RepetitionTime": 500,
    "EchoTime": 10,
    "EchoTrainLength": 1,
}
SEGMENTATION: Mapping[str, object] = {
    "ImageType": ["DERIVED", "PRIMARY"],
    "PositionReferenceIndicator": "",
    "ManufacturerModelName": "ScanStream",
    "DeviceSerialNumber": "1",
    "SoftwareVersions": "1",
    "ContentLabel": "LESIONS",
    "ContentDescription": "",
    "ContentCreatorName": "",
    "LossyImageCompression": "00",
}
BY_CLASS = {
    uid.Comprehensive3DSRStorage: REPORT,
    uid.KeyObjectSelectionDocumentStorage: KEY_OBJECTS,
    uid.MRImageStorage: MR,
    uid.SegmentationStorage: SEGMENTATION,
}
UNDATED = {uid.MRImageStorage}
"""Of the others the content was made on the day of the study."""


def required(sop_class: uid.UID, study: Mapping[str, object]) -> dict[str, object]:
    """Attributes of an object of this class in a `study` with StudyDate and StudyTime."""
    dated = sop_class in BY_CLASS and sop_class not in UNDATED
    made = {"ContentDate": study["StudyDate"], "ContentTime": study["StudyTime"]} if dated else {}
    return {**EVERY, **BY_CLASS.get(sop_class, {}), **made}
