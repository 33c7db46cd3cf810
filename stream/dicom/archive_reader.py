"""Measuring a complete scan from the archive; an archive that is away is an outage and no fault of the scan."""

import datetime as dt
import os
from collections.abc import Callable, Sequence

from models.bundles.description import Bundle
from stream.archive.originals import Archive
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.measurements import measure_scan
from stream.dicom.reading.outlining.outliner import Outliner
from stream.dicom.reading.volumes.embeddings import EncodingModel
from stream.dicom.reading.volumes.image_models import ImageModels
from stream.dicom.reading.volumes.presence import PresenceModel
from stream.errors import ArchiveAway, SetAside
from stream.measured_scan import MeasuredScan
from stream.storage.intake.measurements import CompleteScan


class ArchiveReader:
    """Measures the files of a complete scan, read from the archive; `zone` is that of sites that do not say theirs.

    Key slices are drawn where `pictures` are wanted. What nobody outlined is outlined by the bundles `in_service`;
    `presence` reads series in which nobody measured a lesion, `encoder` a series of each modality.
    """

    def __init__(
        self,
        archive: Archive,
        pseudonyms: Pseudonyms,
        zone: dt.tzinfo,
        pictures: bool,
        in_service: Callable[[], Sequence[Bundle]],
        presence: PresenceModel | None = None,
        encoder: EncodingModel | None = None,
    ) -> None:
        self._archive = archive
        self._pseudonyms = pseudonyms
        self._zone = zone
        self._pictures = pictures
        self._models = ImageModels(Outliner(in_service, archive.keep), presence, encoder)

    def __call__(self, scan: CompleteScan) -> MeasuredScan:
        """What the files say; raises SetAside, and ArchiveAway while the archive cannot be read."""
        self._check_archive()
        try:
            files = [self._archive.find(self._archive.uri(sha256)) for sha256 in scan.files]
            return measure_scan(files, self._pseudonyms, scan.patient_id, self._zone, self._pictures, self._models)
        except (OSError, SetAside):
            self._check_archive()  # it may have gone meanwhile
            raise

    def _check_archive(self) -> None:
        """An archive holds weights at least: where nothing can be listed, it is an empty mount point or less."""
        try:
            with os.scandir(self._archive.folder) as entries:
                next(entries)
        except (OSError, StopIteration):
            raise ArchiveAway(f"the archive {self._archive.folder} is away") from None
