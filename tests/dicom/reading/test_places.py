"""Where lesions lie: of segments their centre, of reports what was drawn, and how registrations move both."""

from pathlib import Path

import numpy as np
import pytest
from highdicom.spatial import ImageToReferenceTransformer, PixelToReferenceTransformer
from pydicom import Dataset, uid
from scipy.spatial.transform import Rotation

from models.criteria.place import Frames, LesionPlace
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.lesions import LesionNames
from stream.dicom.reading.places.regions import centre_of
from stream.dicom.reading.places.registrations import registrations_of
from stream.dicom.reading.seg import read_seg
from tests.dicom.content_items import item
from tests.dicom.factories import make_seg, make_series, reread

REGION = ("111030", "DCM", "Image Region")
SPACING = (3.0, 0.5, 0.8)


def pose(image: Dataset) -> dict[str, list[float]]:
    """As highdicom asks for it."""
    return {
        "image_position": list(image.ImagePositionPatient),
        "image_orientation": list(image.ImageOrientationPatient),
        "pixel_spacing": list(image.PixelSpacing),
    }


def drawn(kind: str, points: list[float], *below: Dataset, **attributes: object) -> Dataset:
    return item(kind, REGION, below, GraphicData=points, GraphicType="POLYLINE", **attributes)


def on(image: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item("IMAGE", REGION, ReferencedSOPSequence=[reference])


def test_the_centre_of_a_segment_is_where_its_voxels_lie(pseudonyms: Pseudonyms, tmp_path: Path) -> None:
    mask = np.zeros((6, 21, 17), dtype=np.uint8)
    mask[2, 3:6, 4:10] = 1
    images = make_series(np.zeros(mask.shape), SPACING)
    names = LesionNames(pseudonyms, "P1")
    (finding,) = read_seg(reread(make_seg([mask], images), tmp_path), {}, names, {}).findings
    where = PixelToReferenceTransformer(**pose(images[2]))(np.array([[4, 4], [9, 4]])).mean(axis=0)
    assert finding.place is not None
    assert finding.place.frame == pseudonyms.frame_uid(images[0].FrameOfReferenceUID)
    np.testing.assert_allclose(finding.place.centre_mm, where, atol=0.051)


def test_what_a_report_drew_lies_in_space_or_where_its_image_does() -> None:
    (image, *_) = make_series(np.zeros((1, 21, 17)), SPACING)
    line = [4.0, 10.0, 8.0, 2.0]
    node = Dataset()
    node.ContentSequence = [drawn("SCOORD", line, on(image))]
    ends = ImageToReferenceTransformer(**pose(image))(np.array(line).reshape(2, 2))
    found = centre_of(node, {image.SOPInstanceUID: image})
    assert found is not None
    assert found[0] == image.FrameOfReferenceUID
    np.testing.assert_allclose(found[1], ends.mean(axis=0), atol=0.051)
    assert centre_of(node, {}) is None
    node.ContentSequence = [drawn("SCOORD3D", [1.0, 2.0, 3.0, 3.0, 4.0, 5.0], ReferencedFrameOfReferenceUID="1.2.3")]
    assert centre_of(node, {}) == ("1.2.3", (2.0, 3.0, 4.0))


@pytest.mark.parametrize("points", [[1.0, 2.0], [float("nan"), 0.0, 0.0], []])
def test_points_that_are_none_lie_nowhere(points: list[float]) -> None:
    node = Dataset()
    node.ContentSequence = [drawn("SCOORD3D", points, ReferencedFrameOfReferenceUID="1.2.3")]
    assert centre_of(node, {}) is None


def registration(matrix: np.ndarray) -> Dataset:
    """From frame 1.2.3 to the object's own."""
    step, matrices, made, moved = Dataset(), Dataset(), Dataset(), Dataset()
    step.FrameOfReferenceTransformationMatrix, step.FrameOfReferenceTransformationMatrixType = (
        [*matrix.ravel()],
        "RIGID",
    )
    matrices.MatrixSequence = [step]
    moved.FrameOfReferenceUID, moved.MatrixRegistrationSequence = "1.2.3", [matrices]
    made.SOPClassUID, made.FrameOfReferenceUID = uid.SpatialRegistrationStorage, "1.2.4"
    made.RegistrationSequence = [moved]
    return made


def test_a_registration_moves_places_as_its_matrix_does(pseudonyms: Pseudonyms) -> None:
    turn, shift, point = (
        Rotation.from_euler("xyz", [20, -35, 50], degrees=True),
        np.array([5, -7, 11]),
        (10.0, 20.0, 3.0),
    )
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn.as_matrix().round(6), shift
    names = LesionNames(pseudonyms, "P1")
    frames = Frames().after(list(registrations_of(registration(matrix), names)))
    here, there = names.frame("1.2.3"), names.frame("1.2.4")
    moved = frames.seen_in(LesionPlace(here, point), there)
    assert moved is not None
    np.testing.assert_allclose(moved.centre_mm, turn.apply(point) + shift, atol=1e-3)
    back = frames.seen_in(moved, here)
    np.testing.assert_allclose(back.centre_mm if back else (), point, atol=1e-6)
    assert frames.seen_in(moved, "another") is None


def test_what_stretches_is_no_registration(pseudonyms: Pseudonyms) -> None:
    assert not list(registrations_of(registration(np.diag([1.1, 1.0, 1.0, 1.0])), LesionNames(pseudonyms, "P1")))
