"""What the files of a scan measure: made by whoever reads them, kept and shown to the models by the services."""

from dataclasses import dataclass
from typing import NamedTuple

from models.criteria.finding import LesionFinding
from models.criteria.place import Registration
from models.measurement import Measurement


class Unused(NamedTuple):
    """What an object holds and nothing here uses: told to people, so that they know what is not read of theirs.

    `code` as SCHEME:VALUE, empty where there is none; `meaning` in words that name nobody.
    """

    object_kind: str
    code: str
    meaning: str
    reason: str


class KeySlice(NamedTuple):
    """A small picture of the slice that shows most of a lesion, with its outline: `png` is 8-bit grey and nothing else.

    `lesion_uid` as of its measurements. `width` and `height` in pixels, which are square. `view`: axial, coronal or
    sagittal. `slice_number` of `slices`, counted from the feet, the front or the right. `area_mm2` of what is outlined
    in it. `instance_uid`: pseudonym of the image.
    """

    lesion_uid: str
    png: bytes
    width: int
    height: int
    mm_per_pixel: float
    view: str
    slice_number: int
    slices: int
    area_mm2: float
    instance_uid: str


class LesionMap(NamedTuple):
    """How a lesion was outlined: a bit for each voxel of the cube of models.growth.maps around its middle.

    `lesion_uid` as of its measurements; slices from the feet, rows from the front, columns from the right.
    """

    lesion_uid: str
    outline: bytes


class TumourPresence(NamedTuple):
    """How much the slices of a series look like those of patients with a tumour, by a model: no measurement.

    `learned_from`: so many patients did the model learn from. `probability` of the series, `low` to `high` the central
    90 % of the model's own uncertainty; `slices`: that of each one, from the feet. `slice_number`, from 1, is the one
    that speaks most for it. UIDs are pseudonyms, `instance_uid` that of the image with this slice.
    `picture`: that slice as the model saw it, PNG of 8-bit grey; `occlusion` and `gradient`: which parts of it count,
    white most; None where no pictures are wanted or words may be in the pixels. `gates`: what the model lets in, keeps
    and shows at each slice, and how much it remembers.
    """

    series_uid: str
    model: str
    weights_version: str
    learned_from: int
    probability: float
    low: float
    high: float
    slices: tuple[float, ...]
    slice_number: int
    instance_uid: str
    picture: bytes | None = None
    occlusion: bytes | None = None
    gradient: bytes | None = None
    gates: tuple[tuple[float, ...], ...] | None = None


class Outlining(NamedTuple):
    """What became of outlining the lesions of a scan that came without report and segmentation, by which model.

    `version` as the model states it, `weights_version` the sha256 of all that decides what it finds. `outcome`:
    outlined, nothing_found, or the code of what stood in the way, with `reason` in words. `segmentation_sha256` names
    the file in the archive.
    """

    model: str
    version: str
    weights_version: str
    outcome: str
    reason: str | None
    segmentation_sha256: str | None


class SeriesEmbedding(NamedTuple):
    """What an encoder says of the series of one modality, by DICOM's word, or why it was not asked for any.

    `weights_version`: sha256 of the encoder's weights. `embedding`: from 0 to 1; None where none was read, and then
    `masked_because` says why. `series_uid` is a pseudonym.
    """

    modality: str
    encoder: str
    weights_version: str
    series_uid: str | None = None
    slices: int | None = None
    embedding: tuple[float, ...] | None = None
    masked_because: str | None = None


@dataclass(frozen=True)
class MeasuredScan:
    """Measurements of one scan; `disease_hint` where all sites agree, `note` tells a person why there are none.

    `embedding`: image features of the largest lesion that was outlined, in the order of IMAGE_NAMES, None where one
    cannot be told; empty where there is no such lesion or its image cannot be used.
    `findings`: what is said of each lesion, one per lesion, whether it was measured or not. `time_point`: the Clinical
    Trial Time Point ID (0012,0050) that all its files agree on. `registrations`: of frames of reference, by pseudonym.
    `key_slices`: of the largest lesions that were outlined, where their images may be shown. `presence`: what a model
    says of a series, where nobody measured a lesion; `outlining`: by a model, None where none was asked. `maps`: the
    outlines of lesions. `encoded`: what an encoder says, one of each modality that the scan holds; none without one.
    """

    measurements: tuple[Measurement, ...]
    disease_hint: str | None
    note: str | None
    embedding: tuple[float | None, ...] = ()
    unused: tuple[Unused, ...] = ()
    findings: tuple[LesionFinding, ...] = ()
    time_point: str | None = None
    registrations: tuple[Registration, ...] = ()
    key_slices: tuple[KeySlice, ...] = ()
    presence: TumourPresence | None = None
    outlining: Outlining | None = None
    maps: tuple[LesionMap, ...] = ()
    encoded: tuple[SeriesEmbedding, ...] = ()
