"""Why a series of images gives no volume: codes that rows hold, and a sentence for people without a value of a file."""

from enum import StrEnum


class Hindrance(StrEnum):
    """What stands between the files of a series and a volume, or a model that could read it."""

    NO_SLICES = "no_slices"
    ONE_SLICE = "one_slice"
    TOO_LARGE = "too_large"
    NO_PLACE = "no_place"
    SEVERAL_SPACES = "several_spaces"
    SEVERAL_DIRECTIONS = "several_directions"
    SEVERAL_SIZES = "several_sizes"
    DOUBLED_SLICES = "doubled_slices"
    MISSING_SLICES = "missing_slices"
    UNEVEN_STEPS = "uneven_steps"
    GANTRY_TILT = "gantry_tilt"
    NOT_GREY = "not_grey"
    SINGLE_BITS = "single_bits"
    NOT_DECODABLE = "not_decodable"
    NOT_FINITE = "not_finite"
    NO_UNIT = "no_unit"
    NO_SUV = "no_suv"
    NOT_AXIAL = "not_axial"
    NOT_T1 = "not_t1"


SAYS: dict[str, str] = {
    Hindrance.NO_SLICES: "it holds no slices of CT, MR or PET, localizers and screens apart",
    Hindrance.ONE_SLICE: "a single slice has no depth",
    Hindrance.TOO_LARGE: "it has more slices or voxels than are read",
    Hindrance.NO_PLACE: "a slice does not say where it lies, or it cannot lie there",
    Hindrance.SEVERAL_SPACES: "its slices lie in several frames of reference",
    Hindrance.SEVERAL_DIRECTIONS: "its slices lie in several directions",
    Hindrance.SEVERAL_SIZES: "its slices have several sizes",
    Hindrance.DOUBLED_SLICES: "two slices lie in one place",
    Hindrance.MISSING_SLICES: "slices are missing between the others",
    Hindrance.UNEVEN_STEPS: "its slices are not evenly spaced",
    Hindrance.GANTRY_TILT: "its slices are shifted against each other, as with a tilted gantry",
    Hindrance.NOT_GREY: "its pixels are no grey values",
    Hindrance.SINGLE_BITS: "its pixels are single bits",
    Hindrance.NOT_DECODABLE: "its pixel data cannot be read",
    Hindrance.NOT_FINITE: "some of its values are no numbers",
    Hindrance.NO_UNIT: "it does not say how stored values become those of the modality",
    Hindrance.NO_SUV: "it does not say all that a standardised uptake value is made from",
    Hindrance.NOT_AXIAL: "its slices are not axial, and the weights know no others",
    Hindrance.NOT_T1: "its echo time is not that of T1-weighted images, and the weights know no others",
}
