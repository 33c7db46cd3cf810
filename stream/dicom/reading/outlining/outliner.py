"""Outlining the lesions of a scan that came without report and segmentation, by the bundles that are in service."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset

from models.bundles.description import Bundle
from models.bundles.runner import BundleFailed, run
from stream import logs
from stream.dicom.reading.header import text
from stream.dicom.reading.outlining.pieces import Pieces, pieces_of
from stream.dicom.reading.outlining.written_seg import written_seg
from stream.dicom.reading.pictures.drawing import turn_of, view_of
from stream.dicom.reading.pictures.image_stacks import Image
from stream.dicom.reading.volumes.no_volume import NoVolume
from stream.dicom.reading.volumes.series_volume import series_volume
from stream.dicom.reading.volumes.slices import Slices, slices_of
from stream.measured_scan import Outlining

SEVERAL = "several_series: several of its series could be measured, and nothing says which"
NOT_AXIAL = "not_axial: its slices are not axial"
SEVERAL_FILES = "several_files: its slices lie in several multi-frame objects"
TOO_MANY = "too_many: it outlines more pieces than a patient has lesions"


class NotOutlined(Exception):
    """Why a bundle outlines nothing in a scan that it was made for: a code and a sentence part."""


@dataclass(frozen=True)
class Outliner:
    """`in_service` are bundles, one for each modality and part of the body; `keep` a file, and say where it is."""

    in_service: Callable[[], Sequence[Bundle]]
    keep: Callable[[bytes], Path]

    def outline(self, images: Mapping[str, Image]) -> tuple[Outlining, Path | None] | None:
        """What the bundle that fits `images` (by SOP Instance UID) says, and the segmentation that it makes, if any.

        None where no bundle in service was made for what the images show.
        """
        chosen = self._chosen(images)
        if chosen is None:
            return None
        bundle, series = chosen
        try:
            file = self._file(bundle, series)
        except (NotOutlined, NoVolume) as reason:
            code, _, says = str(reason).partition(": ")
            logs.event("scan_not_outlined", model=bundle.title, reason=code)
            return Outlining(bundle.name, bundle.stated_version, bundle.version, code, says, None), None
        if file is None:
            return Outlining(bundle.name, bundle.stated_version, bundle.version, "nothing_found", None, None), None
        path = self.keep(file)
        return Outlining(bundle.name, bundle.stated_version, bundle.version, "outlined", None, path.stem), path

    def _chosen(self, images: Mapping[str, Image]) -> tuple[Bundle, list[list[Image]]] | None:
        """The first bundle that fits any series, and all series that it fits."""
        series: dict[str, list[Image]] = {}
        for image in images.values():
            series.setdefault(text(image.header, "SeriesInstanceUID"), []).append(image)
        bundles = self.in_service()
        for bundle in bundles:
            if fitting := [each for each in series.values() if _fits(bundle, each)]:
                return bundle, fitting
        if bundles and series:
            logs.event("no_bundle_fits", shown=" ".join(sorted({_shown(each) for each in series.values()})))
        return None

    def _file(self, bundle: Bundle, series: Sequence[Sequence[Image]]) -> bytes | None:
        """The segmentation, None where there is no lesion; raises NotOutlined and NoVolume."""
        if len(series) > 1:
            raise NotOutlined(SEVERAL)
        slices, volume = slices_of(series[0]), series_volume(series[0])
        plane = slices.ordered[0].plane
        if view_of(plane.normal) != "axial":
            raise NotOutlined(NOT_AXIAL)
        try:
            labels = run(bundle, volume)
        except BundleFailed as error:
            raise NotOutlined(f"bundle_{error.failure}: {error}") from None
        pieces = pieces_of(_as_stored(labels, plane.orientation), bundle.processing.smallest_voxels)
        if pieces is None:
            raise NotOutlined(TOO_MANY)
        return written_seg(*_by_frame(slices, pieces), bundle) if pieces.labels else None


def _fits(bundle: Bundle, series: Sequence[Image]) -> bool:
    return all(bundle.fits(text(image.header, "Modality"), text(image.header, "BodyPartExamined")) for image in series)


def _shown(series: Sequence[Image]) -> str:
    """Modality and part of the body, in words that the standard defines."""
    modality = text(series[0].header, "Modality")
    return f"{modality}-{text(series[0].header, 'BodyPartExamined') or 'UNKNOWN'}"


def _as_stored(labels: np.ndarray, orientation: np.ndarray) -> np.ndarray:
    """Labels (D, H, W) with rows and columns as the images have them; series_volume turned them."""
    swapped, down, right = turn_of(orientation)
    turned = labels[:, ::down, ::right]
    return np.ascontiguousarray(turned.swapaxes(1, 2) if swapped else turned)


def _by_frame(slices: Slices, pieces: Pieces) -> tuple[list[Dataset], Pieces]:
    """The headers of the slices and the pieces in their order; of one multi-frame object in that of its frames."""
    files = {one.image.path for one in slices.ordered}
    if len(files) == len(slices.ordered):
        return [one.image.header for one in slices.ordered], pieces
    header = slices.ordered[0].image.header
    if len(files) > 1 or int(header.get("NumberOfFrames") or 1) != len(slices.ordered):
        raise NotOutlined(SEVERAL_FILES)
    numbers = np.empty_like(pieces.numbers)
    numbers[[one.frame for one in slices.ordered]] = pieces.numbers
    return [header], Pieces(numbers, pieces.labels)
