from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, uid
from pydicom.dataset import FileMetaDataset

from stream.dicom.reading.decoder import DECODE_SECONDS, Decoder, DecoderPool
from stream.dicom.reading.pixel_format import NotDecodable, PixelFormat
from tests.dicom.factories import make_image

PIXELS = np.random.default_rng(1).integers(0, 4095, (64, 64)).astype(np.uint16)


@pytest.fixture
def decoder() -> Decoder:
    decoder = Decoder()
    yield decoder
    decoder.stop()


def _compressed(transfer_syntax: uid.UID, pixels: np.ndarray = PIXELS) -> Dataset:
    image = make_image(pixels)
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    image.compress(transfer_syntax)
    return image


def _decoded(decoder: Decoder, image: Dataset, encoded: bytes) -> list[bytes]:
    return list(decoder.frames(encoded, PixelFormat.of(image), image.file_meta.TransferSyntaxUID))


@pytest.mark.parametrize("transfer_syntax", [uid.JPEG2000Lossless, uid.JPEGLSLossless, uid.RLELossless])
def test_every_pixel_comes_back(decoder: Decoder, transfer_syntax: uid.UID) -> None:
    image = _compressed(transfer_syntax)
    assert _decoded(decoder, image, image.PixelData) == [PIXELS.tobytes()]


def test_damaged_frames_are_an_error_and_the_next_good_one_decodes(decoder: Decoder) -> None:
    """Some of these make a decoder panic; that ends nothing here."""
    image = _compressed(uid.RLELossless)
    generator = np.random.default_rng(2)
    for _ in range(40):
        damaged = bytearray(image.PixelData)
        for at in generator.integers(24, len(damaged), 8):
            damaged[at] = generator.integers(256)
        try:
            _decoded(decoder, image, bytes(damaged))
        except NotDecodable:
            continue
    assert _decoded(decoder, image, image.PixelData) == [PIXELS.tobytes()]


def test_a_decoder_that_dies_is_started_again(decoder: Decoder) -> None:
    image = _compressed(uid.RLELossless)
    assert _decoded(decoder, image, image.PixelData) == [PIXELS.tobytes()]
    decoder._child.kill()
    decoder._child.wait()
    assert _decoded(decoder, image, image.PixelData) == [PIXELS.tobytes()]


def test_a_frame_that_takes_too_long_is_an_error_and_the_next_one_decodes() -> None:
    decoder, image = Decoder(seconds=0.01), _compressed(uid.JPEG2000Lossless, np.tile(PIXELS, (16, 16)))
    with pytest.raises(NotDecodable):
        _decoded(decoder, image, image.PixelData)
    decoder._seconds = DECODE_SECONDS
    assert _decoded(decoder, image, image.PixelData) == [np.tile(PIXELS, (16, 16)).tobytes()]
    decoder.stop()


def test_fewer_frames_than_promised_are_an_error(decoder: Decoder) -> None:
    image = _compressed(uid.RLELossless)
    image.NumberOfFrames = 3
    with pytest.raises(NotDecodable):
        _decoded(decoder, image, image.PixelData)


def test_it_has_no_more_memory_than_a_frame_needs(decoder: Decoder) -> None:
    image = _compressed(uid.RLELossless)
    _decoded(decoder, image, image.PixelData)
    limits = Path(f"/proc/{decoder._child.pid}/limits").read_text()
    address_space = next(line for line in limits.splitlines() if line.startswith("Max address space")).split()[3]
    assert int(address_space) < 2**34


def test_two_frames_are_decoded_beside_each_other_and_a_third_waits_for_one_of_them() -> None:
    image, pool = _compressed(uid.RLELossless), DecoderPool(2)
    asked = (image.PixelData, PixelFormat.of(image), image.file_meta.TransferSyntaxUID)
    first, second = pool.frames(*asked), pool.frames(*asked)
    assert [next(first), next(second)] == [PIXELS.tobytes()] * 2
    with ThreadPoolExecutor(1) as others:
        third = others.submit(lambda: list(pool.frames(*asked)))
        assert not third.done()
        first.close()
        assert third.result() == [PIXELS.tobytes()]
    second.close()


def test_a_pool_whose_frames_were_damaged_decodes_the_next_ones() -> None:
    image, pool = _compressed(uid.JPEG2000Lossless), DecoderPool(1)
    form, syntax = PixelFormat.of(image), image.file_meta.TransferSyntaxUID
    for _ in range(3):
        with pytest.raises(NotDecodable):
            list(pool.frames(image.PixelData[:60], form, syntax))
    assert list(pool.frames(image.PixelData, form, syntax)) == [PIXELS.tobytes()]
