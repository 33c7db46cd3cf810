import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, uid
from pydicom.dataset import PrivateBlock
from pydicom.sequence import Sequence

from stream.dicom.gateway.content import read_content
from stream.dicom.reading.files import read_whole
from stream.errors import Refuse
from tests.dicom.factories import content_of, dataset_bytes, encoded, make_image, make_seg, make_series, make_sr, save
from tests.programs import needs_program

PIXELS = np.random.default_rng(1).integers(0, 4095, (64, 64))


def _with_private_tags() -> Dataset:
    """An image with what vendors add: private text, numbers, bytes and a sequence, and a tag no dictionary knows."""
    image = make_image(PIXELS, PatientName="Ä^B", ImageComments="odd")
    block: PrivateBlock = image.private_block(0x0029, "VENDOR X", create=True)
    block.add_new(0x01, "LO", "odd")
    block.add_new(0x02, "DS", "1.5")
    block.add_new(0x03, "OB", b"\x01\x02\x03\x04")
    block.add_new(0x04, "FD", 2.5)
    inner = Dataset()
    inner.PatientComments = "odd"
    inner.add_new(0x00291010, "UN", b"ab")
    block.add_new(0x05, "SQ", Sequence([inner, Dataset()]))
    image.ReferencedImageSequence = [make_sr().ContentSequence[0].ConceptNameCodeSequence[0]]
    return image


@pytest.mark.parametrize("options", [["+ti"], ["+te"], ["+td"], ["+ti", "-e"], ["+te", "-e"]], ids=" ".join)
def test_the_same_dataset_has_the_same_content_in_every_encoding_dcmtk_writes(
    tmp_path: Path, options: list[str]
) -> None:
    original = save(_with_private_tags(), tmp_path / "original.dcm")
    copy = tmp_path / "copy.dcm"
    subprocess.run([needs_program("dcmconv"), *options, original, copy], check=True)
    assert dataset_bytes(copy) != dataset_bytes(original) or options == ["+te"]
    assert content_of(copy) == content_of(original)


@pytest.mark.parametrize(("program", "options"), [("dcmcjpls", []), ("dcmcrle", [])])
@pytest.mark.parametrize("bits_stored", [12, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_lossless_compression_does_not_change_the_content(
    tmp_path: Path, program: str, options: list[str], bits_stored: int, signed: bool
) -> None:
    image = make_image(PIXELS if not signed else PIXELS // 2 - 700)
    image.BitsStored, image.HighBit, image.PixelRepresentation = bits_stored, bits_stored - 1, int(signed)
    original = save(image, tmp_path / "original.dcm")
    copy = tmp_path / "copy.dcm"
    subprocess.run([needs_program(program), *options, original, copy], check=True)
    assert content_of(copy) == content_of(original)


@pytest.mark.parametrize("transfer_syntax", [uid.JPEG2000Lossless, uid.JPEGLSLossless, uid.RLELossless])
def test_what_other_encoders_compress_losslessly_is_the_same_content_too(
    tmp_path: Path, transfer_syntax: uid.UID
) -> None:
    image = make_image(PIXELS)
    original = content_of(save(image, tmp_path / "original.dcm"))
    image.compress(transfer_syntax, generate_instance_uid=False)
    assert content_of(save(image, tmp_path / "copy.dcm", transfer_syntax)) == original


def test_one_changed_pixel_or_letter_is_other_content() -> None:
    image = make_image(PIXELS)
    before = read_content(encoded(image), uid.ExplicitVRLittleEndian).sha256
    image.PixelData = bytes([image.PixelData[0] ^ 1]) + image.PixelData[1:]
    changed_pixel = read_content(encoded(image), uid.ExplicitVRLittleEndian).sha256
    image.PatientName = "Doe^John"
    assert len({before, changed_pixel, read_content(encoded(image), uid.ExplicitVRLittleEndian).sha256}) == 3


def test_private_bytes_that_only_begin_like_items_stay_bytes() -> None:
    image = make_image()
    image.private_block(0x0029, "VENDOR X", create=True).add_new(0x01, "OB", b"\xfe\xff\x00\xe0\x99\x00\x00\x00")
    explicit = read_content(encoded(image), uid.ExplicitVRLittleEndian)
    assert explicit == read_content(encoded(image, uid.ImplicitVRLittleEndian), uid.ImplicitVRLittleEndian)


UNDEFINED, ITEM, ITEM_END, SEQUENCE_END = 0xFFFFFFFF, 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


def _implicit(tag: int, value: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


def _explicit(tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    size = len(value) if length is None else length
    start = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr
    return start + (struct.pack("<H", size) if vr in (b"LO", b"DS") else struct.pack("<HL", 0, size)) + value


_CREATOR = _explicit(0x00490010, b"LO", b"VENDOR X")
_INNER = {
    "implicit": _implicit(0x00490010, b"VENDOR X") + _implicit(0x00491002, b"36"),
    "explicit": _CREATOR + _explicit(0x00491002, b"DS", b"36"),
}
_ITEMS = {
    "of a length": lambda inner: _implicit(ITEM, inner),
    "of a length and closed": lambda inner: _implicit(ITEM, inner + _implicit(ITEM_END)),
    "open": lambda inner: _implicit(ITEM, inner + _implicit(ITEM_END), UNDEFINED),
}


@pytest.mark.parametrize("vr", [b"SQ", b"UN", b"OB", b"OW"])
@pytest.mark.parametrize("inner", _INNER)
@pytest.mark.parametrize("item", _ITEMS)
def test_private_items_are_the_same_content_however_a_vendor_writes_them(
    tmp_path: Path, vr: bytes, inner: str, item: str
) -> None:
    """What every archive takes: a sequence called bytes, items encoded unlike the rest, delimiters after a length."""
    image, closed = make_image(PIXELS), _ITEMS[item](_INNER[inner]) + _implicit(SEQUENCE_END)
    plain = _implicit(ITEM, _INNER["explicit"])
    ways = [_explicit(0x00491001, vr, closed, UNDEFINED)]
    if vr == b"SQ":
        ways.append(_explicit(0x00491001, vr, closed))
    expected = read_content(_with_private(image, _explicit(0x00491001, b"SQ", plain)), uid.ExplicitVRLittleEndian)
    for written in [_with_private(image, private) for private in ways]:
        assert read_content(written, uid.ExplicitVRLittleEndian) == expected
        assert _as_file(image, written, tmp_path / "image.dcm").PixelData == image.PixelData


def test_private_fragments_of_bytes_stay_bytes() -> None:
    fragments = _implicit(ITEM) + _implicit(ITEM, b"\x01\x02\x03\x04\x05\x06") + _implicit(SEQUENCE_END)
    written = _with_private(make_image(PIXELS), _explicit(0x00491001, b"OB", fragments, UNDEFINED))
    other = written.replace(b"\x01\x02\x03\x04\x05\x06", b"\x01\x02\x03\x04\x05\x07")
    hashes = {read_content(each, uid.ExplicitVRLittleEndian).sha256 for each in (written, other)}
    assert len(hashes) == 2


def test_a_delimiter_that_closes_nothing_is_refused() -> None:
    with pytest.raises(Refuse):
        read_content(
            _with_private(make_image(), _implicit(ITEM_END) + _implicit(SEQUENCE_END)), uid.ExplicitVRLittleEndian
        )


def _with_private(image: Dataset, private: bytes) -> bytes:
    """The encoded image with a private element before its pixel data."""
    whole = encoded(image)
    at = whole.rindex(struct.pack("<HH", 0x7FE0, 0x0010))
    return whole[:at] + _CREATOR + private + whole[at:]


def _as_file(image: Dataset, written: bytes, path: Path) -> Dataset:
    """What is read of a kept file that holds these bytes, every element of it looked at."""
    file = save(image, path).read_bytes()
    path.write_bytes(file.removesuffix(dataset_bytes(path)) + written)
    found = read_whole(path)
    assert list(found.iterall())
    return found


@pytest.mark.parametrize("transfer_syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
@pytest.mark.parametrize("made", ["image", "report", "segmentation"])
def test_a_dataset_that_ends_anywhere_before_its_end_is_refused_or_names_no_instance(
    transfer_syntax: uid.UID, made: str
) -> None:
    """A cut exactly between two elements leaves a readable dataset: then pixel data is what is missing."""
    images = make_series(np.zeros((2, 4, 4)))
    dataset = {"image": images[0], "report": make_sr(), "segmentation": make_seg([np.ones((2, 4, 4))], images)}[made]
    whole = encoded(dataset, transfer_syntax)
    for end in range(0, len(whole), 7):
        try:
            cut = read_content(whole[:end], transfer_syntax)
        except Refuse as refusal:
            assert refusal.status == 0xC000
        else:
            assert cut.sha256 != read_content(whole, transfer_syntax).sha256


def test_native_pixel_data_shorter_than_the_header_says_is_refused() -> None:
    image = make_image(PIXELS)
    image.PixelData = image.PixelData[:-2]
    with pytest.raises(Refuse) as caught:
        read_content(encoded(image), uid.ExplicitVRLittleEndian)
    assert caught.value.status == 0xC000


@pytest.mark.parametrize("noise", [b"", b"hello", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)), b"\xff" * 64])
@pytest.mark.parametrize(
    "transfer_syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian]
)
def test_what_is_no_dataset_is_refused(noise: bytes, transfer_syntax: uid.UID) -> None:
    with pytest.raises(Refuse) as caught:
        read_content(noise, transfer_syntax)
    assert caught.value.status == 0xC000


def test_a_dataset_nested_without_end_is_refused_and_does_not_exhaust_the_stack() -> None:
    opening = b"\x08\x00\x15\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with pytest.raises(Refuse, match="nested"):
        read_content(opening * 5000, uid.ExplicitVRLittleEndian)


def test_a_compressed_frame_that_claims_another_size_than_the_header_is_never_decoded(tmp_path: Path) -> None:
    """It still has a content of its own: the compressed bytes."""
    copy = tmp_path / "copy.dcm"
    original = save(make_image(PIXELS), tmp_path / "original.dcm")
    subprocess.run([needs_program("dcmcjpls"), original, copy], check=True)
    compressed = dataset_bytes(copy)
    frame = compressed.index(b"\xff\xf7") + 5
    bomb = compressed[:frame] + b"\xff\xff\xff\xff" + compressed[frame + 4 :]
    assert read_content(bomb, uid.JPEGLSLossless).sha256 != content_of(original).sha256


def test_the_uids_are_those_of_the_dataset_and_empty_where_it_has_none() -> None:
    report = make_sr()
    found = read_content(encoded(report), uid.ExplicitVRLittleEndian)
    assert (found.sop_class_uid, found.sop_instance_uid) == (report.SOPClassUID, report.SOPInstanceUID)
    assert found.study_uid == report.StudyInstanceUID
    del report.StudyInstanceUID
    assert read_content(encoded(report), uid.ExplicitVRLittleEndian).study_uid == ""
