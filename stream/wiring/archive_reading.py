"""Construction of the reader of complete scans, with the network that comes along for those that nobody measured."""

from models.card import UnusableWeights
from models.imaging.classifier import SliceClassifier
from models.imaging.image_card import COMMITTED_IMAGES
from stream.archive.originals import Archive
from stream.dicom.archive_reader import ArchiveReader
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.volumes.presence import PresenceModel
from stream.errors import CannotStart
from stream.settings import Settings

TUMOUR_PRESENCE = "tumour_presence"


def archive_reader(settings: Settings, archive: Archive, ids: Pseudonyms) -> ArchiveReader:
    """What measures complete scans from `archive`; CannotStart where the weights that come along are damaged."""
    return ArchiveReader(archive, ids, settings.zone, settings.key_slices, presence_model())


def presence_model() -> PresenceModel | None:
    """The classifier of tumour presence; None where none comes along."""
    try:
        held = [SliceClassifier.load(card.parent) for card in sorted(COMMITTED_IMAGES.glob("*/card.json"))]
    except UnusableWeights as error:
        raise CannotStart(str(error)) from None
    asked = next((one for one in held if one.card.endpoint == TUMOUR_PRESENCE), None)
    if asked is None:
        return None
    card = asked.card
    return PresenceModel(card.model, card.weights_sha256, int(card.training_data["patients"]), asked.scores)
