"""Construction of the reader of complete scans, with the network that reads those that nobody measured."""

from stream.archive.kept_networks import network_in_service
from stream.archive.originals import Archive
from stream.dicom.archive_reader import ArchiveReader
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.volumes.presence import PresenceModel
from stream.settings import Settings


def archive_reader(settings: Settings, archive: Archive, ids: Pseudonyms) -> ArchiveReader:
    """What measures complete scans from `archive`; CannotStart where the network in service is damaged."""
    return ArchiveReader(archive, ids, settings.zone, settings.key_slices, presence_model(settings))


def presence_model(settings: Settings) -> PresenceModel | None:
    """The classifier of tumour presence; None where none is in service."""
    classifier = network_in_service(settings)
    if classifier is None:
        return None
    card = classifier.card
    return PresenceModel(card.model, card.weights_sha256, int(card.training_data["patients"]), classifier.scores)
