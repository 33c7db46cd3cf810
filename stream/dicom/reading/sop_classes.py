"""The storage SOP classes the gateway takes, by what is done with them (PS3.4 B.5)."""

from pydicom import uid

IMAGES = (
    uid.CTImageStorage,
    uid.EnhancedCTImageStorage,
    uid.LegacyConvertedEnhancedCTImageStorage,
    uid.MRImageStorage,
    uid.EnhancedMRImageStorage,
    uid.EnhancedMRColorImageStorage,
    uid.LegacyConvertedEnhancedMRImageStorage,
    uid.PositronEmissionTomographyImageStorage,
    uid.EnhancedPETImageStorage,
    uid.LegacyConvertedEnhancedPETImageStorage,
    uid.SecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
)
SEGMENTATIONS = (uid.SegmentationStorage, uid.UID("1.2.840.10008.5.1.4.1.1.66.7"))  # the second: Label Map (2024)
REPORTS = (
    uid.BasicTextSRStorage,
    uid.EnhancedSRStorage,
    uid.ComprehensiveSRStorage,
    uid.Comprehensive3DSRStorage,
)
KEY_OBJECTS = (uid.KeyObjectSelectionDocumentStorage,)
STRUCTURES = (uid.RTStructureSetStorage,)

SOP_CLASSES = IMAGES + SEGMENTATIONS + REPORTS + KEY_OBJECTS + STRUCTURES
_KINDS = (("seg", SEGMENTATIONS), ("sr", REPORTS), ("kos", KEY_OBJECTS), ("rtstruct", STRUCTURES))

TRANSFER_SYNTAXES = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.JPEGLSLossless,
    uid.JPEG2000Lossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLossless,
    uid.RLELossless,
    uid.JPEGLSNearLossless,
    uid.JPEG2000,
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
)
"""In the order in which they are chosen where a sender offers several: whole before lossy, plain before compressed."""


def kind_of(sop_class_uid: str) -> str:
    """image, seg, sr, kos (key object selection) or rtstruct."""
    return next((kind for kind, classes in _KINDS if sop_class_uid in classes), "image")
