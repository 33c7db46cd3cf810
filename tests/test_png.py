import io
import struct

import numpy as np
import pytest
from PIL import Image

from stream.png import pixels, png

GREY = np.random.default_rng(3).integers(0, 256, (17, 23), np.uint8)


def test_a_foreign_reader_sees_the_very_pixels() -> None:
    picture = Image.open(io.BytesIO(png(GREY)))
    assert (picture.format, picture.mode, picture.info) == ("PNG", "L", {})
    assert np.asarray(picture).tolist() == GREY.tolist()


def test_a_file_holds_size_pixels_and_end_and_nothing_else() -> None:
    file, at, kinds = png(GREY), 8, []
    while at < len(file):
        (length,) = struct.unpack_from(">I", file, at)
        kinds.append(file[at + 4 : at + 8])
        at += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


def test_a_picture_comes_back_as_it_was() -> None:
    assert pixels(png(GREY)).tolist() == GREY.tolist()


@pytest.mark.parametrize("file", [b"", b"words", png(GREY)[:60], png(GREY)[:20] + b"\0" * 8 + png(GREY)[28:]])
def test_what_is_no_picture_of_ours_is_said_to_be_none(file: bytes) -> None:
    with pytest.raises(ValueError, match="no picture of ours|reshape"):
        pixels(file)
