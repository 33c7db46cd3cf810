"""How the largest lesions of a scan look: the image embedding of one, key slices of some."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.image import embedding
from models.measurement import Measurement
from stream import logs
from stream.dicom.reading.files import read_whole
from stream.dicom.reading.image_pixels import NoImage
from stream.dicom.reading.lesion_image import lesion_patch
from stream.dicom.reading.lesions import LesionNames, Outline
from stream.dicom.reading.pictures.drawn_lesions import DrawnLesions, LesionFrame
from stream.dicom.reading.pictures.image_stacks import Image, ImageFrames, ShownSlice
from stream.dicom.reading.pictures.key_slices import KeyPlace, key_place, key_slices
from stream.dicom.reading.seg import segments_of
from stream.measured_scan import KeySlice

MOST_KEY_SLICES = 3


@dataclass
class Looks:
    """The image features of the largest lesion, empty where there are none, and key slices, the largest's first."""

    embedding: tuple[float | None, ...] = ()
    key_slices: tuple[KeySlice, ...] = ()


@dataclass(frozen=True)
class _Seen:
    """A lesion that is found in a segmentation, and the stack of images it was drawn on."""

    drawn: Sequence[LesionFrame]
    stack: Sequence[ShownSlice]


@dataclass(frozen=True)
class Drawings:
    """Segmentations of a scan, those that count most first, with all that tells which lesions they show.

    `images` by SOP Instance UID; `outlines` are the segments that a report speaks of.
    """

    paths: Sequence[Path]
    images: Mapping[str, Image]
    names: LesionNames
    outlines: Mapping[Outline, str] = field(default_factory=dict)

    def looks(self, values: Sequence[Measurement], pictures: bool) -> Looks:
        """Of the lesions whose volumes are among `values`; key slices only where `pictures` are wanted.

        What hinders it spoils no scan.
        """
        lesions = _by_volume(values)[: MOST_KEY_SLICES if pictures else 1]
        seen = self._seen(lesions) if lesions else {}
        looks = Looks()
        if lesions and lesions[0] in seen:
            with _hindered("lesion_without_image"):
                looks.embedding = self._embedding(seen[lesions[0]])
        if pictures:
            drawn = {one.lesion_uid: one for one in self._key_slices(seen)}
            looks.key_slices = tuple(drawn[lesion_uid] for lesion_uid in lesions if lesion_uid in drawn)
        return looks

    def _seen(self, lesions: Sequence[str]) -> dict[str, _Seen]:
        """Of each lesion the first segmentation that has it, where its images are there."""
        frames, missing, seen = ImageFrames.of(self.images), list(lesions), dict[str, _Seen]()
        for path in self.paths:
            with _hindered("lesion_without_image"):
                segmentation = read_whole(path)
                here = segments_of(segmentation, missing, self.names, self.outlines)
                missing = [lesion_uid for lesion_uid in missing if lesion_uid not in here]
                drawn = DrawnLesions.of(segmentation, here.values())
                for lesion_uid, segment in here.items():
                    with _hindered("lesion_without_image"):
                        seen[lesion_uid] = _in_images(drawn, segment, frames)
            if not missing:
                break
        return seen

    def _embedding(self, lesion: _Seen) -> tuple[float | None, ...]:
        return _finite_or_none(embedding(lesion_patch(lesion.drawn, lesion.stack, self.images)))

    def _key_slices(self, seen: Mapping[str, _Seen]) -> Iterator[KeySlice]:
        places: list[KeyPlace] = []
        for lesion_uid, each in seen.items():
            with _hindered("lesion_without_key_slice"):
                places.append(key_place(lesion_uid, each.drawn, each.stack))
        for sop_uid in dict.fromkeys(place.shown.uid for place in places):
            with _hindered("lesion_without_key_slice"):
                here = [place for place in places if place.shown.uid == sop_uid]
                instance_uid = self.names.pseudonyms.instance_uid(sop_uid)
                yield from [one._replace(instance_uid=instance_uid) for one in key_slices(here, self.images[sop_uid])]


def _in_images(drawn: DrawnLesions, segment: int, frames: ImageFrames) -> _Seen:
    if segment not in drawn.frames:
        raise NoImage("the lesion is empty")
    of_lesion = drawn.frames[segment]
    return _Seen(of_lesion, frames.stack(of_lesion, drawn.named))


def _by_volume(values: Sequence[Measurement]) -> list[str]:
    """Lesions from the largest on, by their latest segmentation, which comes first."""
    volumes = {value.lesion_uid or "": value.value for value in reversed(values) if value.measurement == "volume"}
    return sorted(volumes, key=lambda lesion_uid: (volumes[lesion_uid], lesion_uid), reverse=True)


def _finite_or_none(features: np.ndarray) -> tuple[float | None, ...]:
    """Image features, None for those that cannot be told; NoImage where none can."""
    if not np.isfinite(features).any():
        raise NoImage("the lesion is too small, or its grey values are no numbers")
    return tuple(float(value) if np.isfinite(value) else None for value in features)


@contextmanager
def _hindered(event: str) -> Iterator[None]:
    """Log what stands in the way, and go on without."""
    try:
        yield
    except NoImage as reason:
        logs.event(event, reason=str(reason))
    except (OSError, MemoryError):
        raise
    except Exception as error:  # damaged images make readers raise what they like
        logs.event(event, reason=type(error).__name__)
