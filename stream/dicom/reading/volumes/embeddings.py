"""What an encoder says of the series of a scan: one of each modality, or why there is none that it could read."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from models.features import MODALITIES
from models.imaging.volume import Volume
from stream import logs
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.header import text
from stream.dicom.reading.pictures.drawing import view_of
from stream.dicom.reading.pictures.image_stacks import Image
from stream.dicom.reading.volumes.no_volume import NoVolume
from stream.dicom.reading.volumes.presence import first_counts
from stream.dicom.reading.volumes.series_volume import volume_of
from stream.dicom.reading.volumes.slices import Slices, slices_of
from stream.hindrances import Hindrance
from stream.measured_scan import SeriesEmbedding


@dataclass(frozen=True)
class EncodingModel:
    """An encoder of series: its name, the sha256 of its weights, what it says of a volume, from 0 to 1."""

    name: str
    weights_version: str
    embedding: Callable[[Volume], tuple[float, ...]]


def embeddings(
    images: Iterable[Image], encoder: EncodingModel | None, pseudonyms: Pseudonyms
) -> tuple[SeriesEmbedding, ...]:
    """One of each modality that the scan holds images of, by modality; none without an encoder.

    Of several series that make a volume the one with a contrast agent is read, then the one with most slices.
    """
    if encoder is None:
        return ()
    series: dict[str, dict[str, list[Image]]] = defaultdict(lambda: defaultdict(list))
    for image in images:
        if (modality := text(image.header, "Modality")) in MODALITIES:
            series[modality][text(image.header, "SeriesInstanceUID")].append(image)
    return tuple(_of_modality(modality, series[modality], encoder, pseudonyms) for modality in sorted(series))


def _of_modality(
    modality: str, series: dict[str, list[Image]], encoder: EncodingModel, pseudonyms: Pseudonyms
) -> SeriesEmbedding:
    asked = SeriesEmbedding(modality, encoder.name, encoder.weights_version)
    fit, reasons = _fit(series)
    for uid, slices in sorted(fit, key=first_counts):
        try:
            said = encoder.embedding(volume_of(slices))
        except NoVolume as hindrance:
            reasons.add(hindrance.hindrance)
        else:
            return asked._replace(series_uid=pseudonyms.series_uid(uid), slices=len(slices.ordered), embedding=said)
    why = ", ".join(sorted(reasons))
    logs.event("modality_not_encoded", modality=modality, reason=why)
    return asked._replace(masked_because=why)


def _fit(series: dict[str, list[Image]]) -> tuple[list[tuple[str, Slices]], set[Hindrance]]:
    """Series whose slices are axial and in order, and why others are not read."""
    fit, reasons = [], set[Hindrance]()
    for uid, images in series.items():
        try:
            slices = slices_of(images)
            if view_of(slices.ordered[0].plane.normal) != "axial":
                raise NoVolume(Hindrance.NOT_AXIAL)
            fit.append((uid, slices))
        except NoVolume as hindrance:
            reasons.add(hindrance.hindrance)
    return fit, reasons
