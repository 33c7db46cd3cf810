"""Construction of the reader of complete scans, with the models that look at those that nobody measured."""

from functools import partial
from pathlib import Path

from stream.archive.kept_bundles import in_service
from stream.archive.kept_networks import encoder_in_service, network_in_service
from stream.archive.originals import Archive
from stream.dicom.archive_reader import ArchiveReader
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.volumes.embeddings import EncodingModel
from stream.dicom.reading.volumes.presence import PresenceModel
from stream.settings import Settings
from stream.storage.intake.measurements import CompleteScan


def archive_reader(settings: Settings, archive: Archive, ids: Pseudonyms) -> ArchiveReader:
    """What worker, replay and verification measure with, so that all of them see the same.

    CannotStart where the network in service is damaged.
    """
    bundles, models = partial(in_service, settings.archive), (presence_model(settings), encoding_model(settings))
    return ArchiveReader(archive, ids, settings.zone, settings.key_slices, bundles, *models)


def needs_outline(archive: Path, scan: CompleteScan) -> bool:
    """Whether a bundle in service may have to outline `scan` before it can be measured."""
    modalities = {bundle.modality for bundle in in_service(archive)}
    return bool(modalities & {*scan.modalities}) and not {"SR", "SEG"} & {*scan.modalities}


def presence_model(settings: Settings) -> PresenceModel | None:
    """The classifier of tumour presence; None where none is in service."""
    classifier = network_in_service(settings)
    if classifier is None:
        return None
    card = classifier.card
    patients = int(card.training_data["patients"])
    return PresenceModel(card.model, card.weights_sha256, patients, classifier.scores, classifier.explained)


def encoding_model(settings: Settings) -> EncodingModel | None:
    """The encoder of series; None where none was put in service."""
    encoder = encoder_in_service(settings)
    if encoder is None:
        return None
    return EncodingModel(encoder.card.model, encoder.card.weights_sha256, encoder.embedding)
