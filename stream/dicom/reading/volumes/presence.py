"""Whether a head series of MR looks like one with a tumour, where nobody has measured a lesion in its scan."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from pydicom import Dataset

from models.imaging.volume import Volume
from stream import logs
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.header import text
from stream.dicom.reading.pictures.drawing import view_of
from stream.dicom.reading.pictures.image_stacks import Image
from stream.dicom.reading.pictures.key_slices import is_nameless
from stream.dicom.reading.volumes.no_volume import NoVolume
from stream.dicom.reading.volumes.series_volume import volume_of
from stream.dicom.reading.volumes.slices import SCREENS, Slices, image_type, slices_of
from stream.hindrances import Hindrance
from stream.measured_scan import TumourPresence, Unused
from stream.png import png

HEAD = frozenset({"HEAD", "BRAIN", "SKULL"})
"""Words of Body Part Examined (0018,0015)."""
LONGEST_ECHO_MS = 30.0
"""Of T1-weighted images; the weights know no others. Those of T2, FLAIR and diffusion have 60 and more."""
OF_HEAD = "MR series of the head"
ANOTHER_READ = "another_series: of a scan the slices of one series are read"


class Scores(Protocol):
    """Probabilities of tumour: in the `series`, from `low` to `high`, and in each of `slices` (D,)."""

    @property
    def series(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def slices(self) -> np.ndarray: ...


class SliceReasons(Protocol):
    """Why a slice counts: the `picture` that was seen and maps of it (S, S) uint8, `gates` (4, D) along the slices."""

    @property
    def picture(self) -> np.ndarray: ...
    @property
    def occlusion(self) -> np.ndarray: ...
    @property
    def gradient(self) -> np.ndarray: ...
    @property
    def gates(self) -> np.ndarray: ...


@dataclass(frozen=True)
class PresenceModel:
    """A slice classifier: its name, the sha256 of its weights, how many patients it knows, what it says of a volume.

    `explained`: why, of a volume and the number of a slice, from 0.
    """

    name: str
    weights_version: str
    learned_from: int
    scores: Callable[[Volume], Scores]
    explained: Callable[[Volume, int], SliceReasons]


@dataclass(frozen=True)
class PresenceReading:
    """What was said of the series that counts, and the other series, each with the reason why it does not."""

    presence: TumourPresence | None
    unused: tuple[Unused, ...]


def tumour_presence(
    images: Iterable[Image], model: PresenceModel, pseudonyms: Pseudonyms, pictures: bool
) -> PresenceReading:
    """What `model` says of a scan's head series: of several, the one with a contrast agent, then with most slices.

    Its slice and maps of it are kept where `pictures` are wanted.
    """
    fit: list[tuple[str, Slices]] = []
    reasons: list[str] = []
    for uid, series in _head_series(images).items():
        try:
            fit.append((uid, _fit_slices(series)))
        except NoVolume as hindrance:
            reasons.append(str(hindrance))
    presence = None
    for uid, slices in sorted(fit, key=first_counts):
        if presence:
            reasons.append(ANOTHER_READ)
            continue
        try:
            presence = _presence(slices, model, pseudonyms.series_uid(uid), pseudonyms, pictures)
        except NoVolume as hindrance:
            reasons.append(str(hindrance))
    for reason in reasons:
        logs.event("series_without_presence", reason=reason)
    return PresenceReading(presence, tuple(Unused("image", "", OF_HEAD, reason) for reason in reasons))


def _head_series(images: Iterable[Image]) -> Mapping[str, list[Image]]:
    """Images of the head by their series; a series of localizers alone is none."""
    series: dict[str, list[Image]] = defaultdict(list)
    for image in images:
        if text(image.header, "Modality") == "MR" and text(image.header, "BodyPartExamined").upper() in HEAD:
            series[text(image.header, "SeriesInstanceUID")].append(image)
    return {uid: each for uid, each in series.items() if any(not SCREENS & image_type(one.header) for one in each)}


def _fit_slices(series: list[Image]) -> Slices:
    """Slices like those that the weights know; raises NoVolume."""
    slices = slices_of(series)
    if view_of(slices.ordered[0].plane.normal) != "axial":
        raise NoVolume(Hindrance.NOT_AXIAL)
    if any(_echo_ms(one.image.header) > LONGEST_ECHO_MS for one in slices.ordered):
        raise NoVolume(Hindrance.NOT_T1)
    return slices


def _echo_ms(header: Dataset) -> float:
    """0 where it is not stated."""
    return float(header.get("EchoTime") or 0.0)


def first_counts(one: tuple[str, Slices]) -> tuple[bool, int, str]:
    """What series are sorted by: those with a contrast agent first, then those with most slices, then by UID."""
    uid, slices = one
    with_contrast = bool(text(slices.ordered[0].image.header, "ContrastBolusAgent"))
    return not with_contrast, -len(slices.ordered), uid


def _presence(
    slices: Slices, model: PresenceModel, series_uid: str, pseudonyms: Pseudonyms, pictures: bool
) -> TumourPresence:
    volume = volume_of(slices)
    scores = model.scores(volume)
    most = int(np.argmax(scores.slices))
    shown = slices.ordered[most].image.header
    why = model.explained(volume, most)
    said = TumourPresence(
        series_uid=series_uid,
        model=model.name,
        weights_version=model.weights_version,
        learned_from=model.learned_from,
        probability=float(scores.series),
        low=float(scores.low),
        high=float(scores.high),
        slices=tuple(float(each) for each in scores.slices),
        slice_number=most + 1,
        instance_uid=pseudonyms.instance_uid(text(shown, "SOPInstanceUID")),
        gates=tuple(tuple(map(float, row)) for row in why.gates),
    )
    if not pictures or not is_nameless(shown):
        return said
    return said._replace(picture=png(why.picture), occlusion=png(why.occlusion), gradient=png(why.gradient))
