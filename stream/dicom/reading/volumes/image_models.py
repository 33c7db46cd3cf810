"""The models that look at images for which nobody has measured anything."""

from typing import NamedTuple

from stream.dicom.reading.outlining.outliner import Outliner
from stream.dicom.reading.volumes.presence import PresenceModel


class ImageModels(NamedTuple):
    """`outliner` outlines what came without report and segmentation, `presence` reads series that stay unmeasured."""

    outliner: Outliner | None = None
    presence: PresenceModel | None = None


NO_MODELS = ImageModels()
