"""The storage SOP classes the gateway takes, by what is done with them (PS3.4 B.5), and their transfer syntaxes."""

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
REGISTRATIONS = (uid.SpatialRegistrationStorage,)

SOP_CLASSES = IMAGES + SEGMENTATIONS + REPORTS + KEY_OBJECTS + STRUCTURES + REGISTRATIONS
_KINDS = (
    ("seg", SEGMENTATIONS),
    ("sr", REPORTS),
    ("kos", KEY_OBJECTS),
    ("rtstruct", STRUCTURES),
    ("reg", REGISTRATIONS),
)

DEFLATED_FRAMES = uid.UID("1.2.840.10008.1.2.8.1")  # Deflated Image Frame Compression (2025)
PLAIN = (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian)
LOSSLESS = (
    uid.JPEGLSLossless,
    uid.JPEG2000Lossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLossless,
    uid.RLELossless,
    DEFLATED_FRAMES,
)
"""Those that always give back every bit."""

LOSSY = (uid.JPEGLSNearLossless, uid.JPEG2000, uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit)
COMPRESSED = LOSSLESS + LOSSY

TRANSFER_SYNTAXES = {
    "image": PLAIN + COMPRESSED,
    "seg": PLAIN + LOSSLESS,  # what is blurred is no outline any more
    "sr": PLAIN + COMPRESSED,  # where there are no pixels, all are the same
    "kos": PLAIN + COMPRESSED,
    "rtstruct": PLAIN + COMPRESSED,
    "reg": PLAIN + COMPRESSED,
}
"""What the door takes of each kind, and so what is read behind it; in the order in which it is chosen where a sender
offers several: whole before lossy, plain before compressed."""


def kind_of(sop_class_uid: str) -> str:
    """image, seg, sr, kos (key object selection), rtstruct or reg (registration)."""
    return next((kind for kind, classes in _KINDS if sop_class_uid in classes), "image")
