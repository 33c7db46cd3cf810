"""Where in the patient a report measured: the centre of what was drawn, in space or on an image (PS3.3 C.18)."""

from collections.abc import Iterator, Mapping

import numpy as np
from pydicom import Dataset

from stream.dicom.reading.geometry import planes
from stream.dicom.reading.reports.items import children

Centre = tuple[str, tuple[float, float, float]]
"""Frame of Reference UID and x, y, z in mm, rounded to a tenth."""


def centre_of(node: Dataset, images: Mapping[str, Dataset]) -> Centre | None:
    """Of all that was drawn below `node`; None where nothing was, or it lies in several frames of reference.

    `images`: headers of the images that are held, by SOP Instance UID.
    """
    drawn = list(_drawn(node, images))
    if not drawn or len({frame for frame, _ in drawn}) > 1:
        return None
    x, y, z = np.concatenate([points for _, points in drawn]).mean(axis=0)
    return drawn[0][0], (round(float(x), 1), round(float(y), 1), round(float(z), 1))


def _drawn(node: Dataset, images: Mapping[str, Dataset]) -> Iterator[tuple[str, np.ndarray]]:
    """Frame of reference and points (n, 3) of every graphic."""
    for item in children(node):
        if item.get("ValueType") == "SCOORD3D":
            found = _in_space(item)
        else:
            found = _on_image(item, images) if item.get("ValueType") == "SCOORD" else None
        if found is not None:
            yield found
        yield from _drawn(item, images)


def _in_space(item: Dataset) -> tuple[str, np.ndarray] | None:
    frame, points = str(item.get("ReferencedFrameOfReferenceUID") or ""), _points(item, 3)
    return (frame, points) if frame and points is not None else None


def _on_image(item: Dataset, images: Mapping[str, Dataset]) -> tuple[str, np.ndarray] | None:
    """Columns and rows on the one image that it was drawn on, counted from its upper left corner."""
    references = [one for child in children(item) for one in child.get("ReferencedSOPSequence") or []]
    image = images.get(str(references[0].get("ReferencedSOPInstanceUID"))) if len(references) == 1 else None
    points = _points(item, 2)
    if image is None or points is None:
        return None
    every, number = list(planes(image)), int(str(references[0].get("ReferencedFrameNumber") or 1))
    plane = every[number - 1] if 0 < number <= len(every) else None
    if plane is None or plane.position is None or not plane.frame_of_reference:
        return None
    return plane.frame_of_reference, plane.points(points[:, 1] - 0.5, points[:, 0] - 0.5)


def _points(item: Dataset, dimensions: int) -> np.ndarray | None:
    """(n, dimensions); None where coordinates are missing or no numbers."""
    values = np.array(item.get("GraphicData") or [], dtype=float)
    if not values.size or values.size % dimensions or not np.isfinite(values).all():
        return None
    return values.reshape(-1, dimensions)
