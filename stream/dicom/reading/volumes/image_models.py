"""The models that look at images: at all of them, or where nobody has measured anything."""

from typing import NamedTuple

from stream.dicom.reading.outlining.outliner import Outliner
from stream.dicom.reading.volumes.embeddings import EncodingModel
from stream.dicom.reading.volumes.presence import PresenceModel


class ImageModels(NamedTuple):
    """`outliner` outlines what came without report and segmentation, `presence` reads series that stay unmeasured.

    `encoder` reads a series of each modality of every scan.
    """

    outliner: Outliner | None = None
    presence: PresenceModel | None = None
    encoder: EncodingModel | None = None


NO_MODELS = ImageModels()
