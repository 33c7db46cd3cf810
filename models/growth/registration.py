"""Two scans of one patient brought into one place: rigid, then affine, by SimpleITK (the extra `images`).

Mattes' mutual information (Mattes et al., IEEE Trans Med Imaging 2003;22:120-128) does not ask two scans to have the
same greys. Sampling is seeded and one thread works, so that the same scans give the same transform.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from models.growth.crop import Alignment, ScanVolume

if TYPE_CHECKING:
    import SimpleITK

BINS, SHARE, SEED = 48, 0.25, 1
"""Of the joint histogram; of the voxels that are looked at; of which ones."""
SHRINKING, SMOOTHING_MM = (4, 2, 1), (4.0, 2.0, 0.0)
STEPS = 150


class ImagesExtraMissing(Exception):
    """SimpleITK is not here."""

    def __init__(self) -> None:
        super().__init__("Registration needs SimpleITK: pip install 'scanstream[images]'.")


def installed() -> bool:
    """Whether SimpleITK is here."""
    return find_spec("SimpleITK") is not None


def register(stays: ScanVolume, moves: ScanVolume, affine: bool = True) -> Alignment:
    """How `moves` lies on `stays`: rigid, then (unless told otherwise) affine from there. Raises ImagesExtraMissing."""
    if not installed():
        raise ImagesExtraMissing
    import SimpleITK as sitk

    fixed, moving = _image(stays), _image(moves)
    start = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.MOMENTS
    )
    rigid = sitk.Euler3DTransform(sitk.Transform(start).Downcast())
    similarity = _optimised(fixed, moving, rigid)
    if not affine:
        return _alignment(rigid, similarity)
    free = sitk.AffineTransform(3)
    free.SetCenter(rigid.GetCenter())
    free.SetMatrix(rigid.GetMatrix())
    free.SetTranslation(rigid.GetTranslation())
    similarity = _optimised(fixed, moving, free)
    return _alignment(free, similarity)


def _image(scan: ScanVolume) -> "SimpleITK.Image":
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(scan.values.astype(np.float32))
    image.SetSpacing(scan.spacing_mm[::-1])
    return image


def _optimised(fixed: "SimpleITK.Image", moving: "SimpleITK.Image", transform: "SimpleITK.Transform") -> float:
    """Improves `transform` in place, coarse to fine; the mutual information reached."""
    import SimpleITK as sitk

    method = sitk.ImageRegistrationMethod()
    method.SetGlobalDefaultNumberOfThreads(1)
    method.SetNumberOfThreads(1)
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(SHARE, SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, STEPS, gradientMagnitudeTolerance=1e-6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(SHRINKING)
    method.SetSmoothingSigmasPerLevel(SMOOTHING_MM)
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(fixed, moving)
    return -float(method.GetMetricValue())


def _alignment(transform: "SimpleITK.Transform", similarity: float) -> Alignment:
    """Matrix and shift about the first voxel instead of the transform's own centre, slices first."""
    matrix = np.array(transform.GetMatrix()).reshape(3, 3)
    centre, shift = np.array(transform.GetCenter()), np.array(transform.GetTranslation())
    return Alignment(matrix[::-1, ::-1].copy(), (shift + centre - matrix @ centre)[::-1].copy(), similarity)
