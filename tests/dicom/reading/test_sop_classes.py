import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread, uid
from pydicom.encaps import encapsulate, generate_frames
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_file_meta_info
from pydicom.filewriter import write_file_meta_info

from stream.dicom.gateway.content import read_content
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.files import read_whole
from stream.dicom.reading.image_pixels import grey_values
from stream.dicom.reading.lesions import LesionNames
from stream.dicom.reading.seg import read_seg
from stream.dicom.reading.sop_classes import (
    DEFLATED_FRAMES,
    LOSSLESS,
    LOSSY,
    PLAIN,
    SOP_CLASSES,
    TRANSFER_SYNTAXES,
    kind_of,
)
from tests.dicom.factories import content_of, dataset_bytes, make_image, make_kos, make_seg, make_series, make_sr, save
from tests.programs import needs_program

PIXELS = np.add.outer(np.arange(48), 3 * np.arange(64)).astype(np.uint16)  # below 256
MASK = np.zeros((3, 33, 37), bool)
MASK[1:, 4:10, 2:8] = True
WITH_DCMTK = {
    uid.JPEGLosslessSV1: "+e1",
    uid.JPEGLossless: "+el",
    uid.JPEGBaseline8Bit: "+eb",
    uid.JPEGExtended12Bit: "+ee",
}
HOW_LOSSY = {uid.JPEG2000: {"j2k_cr": [2]}, uid.JPEGLSNearLossless: {"jls_error": 2}}


def _compressed(path: Path, syntax: uid.UID) -> Path:
    """The file, whose pixels have 8 or 16 bits, in this transfer syntax."""
    dataset = dcmread(path)
    if syntax in PLAIN:
        return _write(dataset, path, syntax)
    if syntax in WITH_DCMTK:
        subprocess.run([needs_program("dcmcjpeg"), WITH_DCMTK[syntax], path, path], check=True)
    elif syntax == DEFLATED_FRAMES:
        size = dataset.Rows * dataset.Columns * dataset.BitsAllocated // 8
        native = [
            dataset.PixelData[at : at + size] for at in range(0, size * int(dataset.get("NumberOfFrames", 1)), size)
        ]
        _write(_encapsulated(dataset, [_deflated(frame) for frame in native]), path, syntax)
    else:
        dataset.compress(syntax, generate_instance_uid=False, **HOW_LOSSY.get(syntax, {}))
        dataset.save_as(path)
    return path


def _write(dataset: Dataset, path: Path, syntax: uid.UID) -> Path:
    """A file in a transfer syntax, whether pydicom knows it already or not."""
    if syntax != DEFLATED_FRAMES:
        return save(dataset, path, syntax)
    whole = dataset_bytes(save(dataset, path, uid.RLELossless))
    meta, encoded = read_file_meta_info(path), DicomBytesIO()
    meta.TransferSyntaxUID = syntax
    write_file_meta_info(encoded, meta)
    path.write_bytes(b"\0" * 128 + b"DICM" + encoded.getvalue() + whole)
    return path


def _encapsulated(dataset: Dataset, frames: list[bytes]) -> Dataset:
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    return dataset


def _deflated(frame: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(frame) + deflater.flush()


def _segmentation(bits: int) -> Dataset:
    """BINARY of single bits, or FRACTIONAL of bytes."""
    seg = make_seg([MASK], make_series(np.zeros(MASK.shape), (5.0, 1.0, 1.0)))
    if bits == 8:
        seg.SegmentationType, seg.SegmentationFractionalType, seg.MaximumFractionalValue = (
            "FRACTIONAL",
            "OCCUPANCY",
            255,
        )
        seg.BitsAllocated, seg.BitsStored, seg.HighBit = 8, 8, 7
        seg.PixelData = (MASK * np.uint8(255)).tobytes()
    return seg


def _single_bits(syntax: uid.UID, path: Path) -> Path:
    """A BINARY segmentation in this transfer syntax: compressed as bytes, and said to hold single bits."""
    seg = _segmentation(1)
    if syntax in PLAIN:
        return save(seg, path, syntax)
    seg.BitsAllocated, seg.PixelData = 8, MASK.astype(np.uint8).tobytes()
    seg.BitsStored, seg.HighBit = (1, 0) if syntax == uid.JPEG2000Lossless else (8, 7)
    compressed = dcmread(_compressed(save(seg, path), syntax))
    compressed.BitsAllocated, compressed.BitsStored, compressed.HighBit = 1, 1, 0
    if syntax == DEFLATED_FRAMES:
        packed = [np.packbits(slice_, bitorder="little").tobytes() for slice_ in MASK]
        _encapsulated(compressed, [_deflated(frame) for frame in packed])
    return _write(compressed, path, syntax)


def _volume(path: Path, pseudonyms: Pseudonyms) -> float:
    found = read_seg(read_whole(path), {}, LesionNames(pseudonyms, "P1"), {}).measurements
    return next(one.value for one in found if one.measurement == "volume")


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES["seg"], ids=lambda syntax: syntax.name)
def test_a_segmentation_is_read_in_every_transfer_syntax_that_the_door_takes(
    syntax: uid.UID, tmp_path: Path, pseudonyms: Pseudonyms
) -> None:
    files = {
        1: _single_bits(syntax, tmp_path / "1.dcm"),
        8: _compressed(save(_segmentation(8), tmp_path / "8.dcm"), syntax),
    }
    for path in files.values():
        assert content_of(path).sop_class_uid == uid.SegmentationStorage
        assert _volume(path, pseudonyms) == pytest.approx(2 * 6 * 6 * 5 / 1000)


@pytest.mark.parametrize("syntax", [uid.RLELossless, uid.JPEG2000Lossless, DEFLATED_FRAMES], ids=lambda each: each.name)
def test_single_bits_are_the_same_content_however_they_are_compressed(syntax: uid.UID, tmp_path: Path) -> None:
    """Native frames follow each other within a byte, compressed ones begin with one."""
    compressed = _single_bits(syntax, tmp_path / "compressed.dcm")
    native = dcmread(compressed)
    native.PixelData = np.packbits(MASK, bitorder="little").tobytes()
    native["PixelData"].is_undefined_length = False
    assert content_of(save(native, tmp_path / "native.dcm")) == content_of(compressed)


def test_run_lengths_of_packed_bits_are_read_like_those_of_bytes(tmp_path: Path, pseudonyms: Pseudonyms) -> None:
    seg = _segmentation(1)
    as_bytes = make_image(np.zeros((1, 153)))
    as_bytes.BitsAllocated, as_bytes.BitsStored, as_bytes.HighBit = 8, 8, 7
    frames = []
    for slice_ in MASK:
        as_bytes.PixelData = np.packbits(slice_, bitorder="little").tobytes()
        packed = dcmread(_compressed(save(as_bytes, tmp_path / "frame.dcm"), uid.RLELossless))
        frames += generate_frames(packed.PixelData, number_of_frames=1)
    path = save(_encapsulated(seg, frames), tmp_path / "seg.dcm", uid.RLELossless)
    assert _volume(path, pseudonyms) == pytest.approx(2 * 6 * 6 * 5 / 1000)


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES["image"], ids=lambda syntax: syntax.name)
def test_an_image_is_read_in_every_transfer_syntax(syntax: uid.UID, tmp_path: Path) -> None:
    image = make_image(PIXELS)
    bits = 8 if syntax == uid.JPEGBaseline8Bit else 12
    image.BitsStored, image.HighBit = bits, bits - 1
    if bits == 8:
        image.BitsAllocated, image.PixelData = 8, PIXELS.astype(np.uint8).tobytes()
    path = _compressed(save(image, tmp_path / "image.dcm"), syntax)
    read_content(dataset_bytes(path), syntax)
    ((_, grey),) = grey_values(path, [0])
    assert np.abs(grey - PIXELS).max() <= (30 if syntax in LOSSY else 0)


@pytest.mark.parametrize("kind", ["sr", "kos", "rtstruct"])
def test_what_has_no_pixels_is_read_in_every_transfer_syntax(kind: str, tmp_path: Path) -> None:
    structures = make_image(SOPClassUID=uid.RTStructureSetStorage, Modality="RTSTRUCT")
    del structures.PixelData
    made = {"sr": make_sr(), "kos": make_kos([make_image()]), "rtstruct": structures}[kind]
    for syntax in TRANSFER_SYNTAXES[kind]:
        path = _write(made, tmp_path / "made.dcm", syntax)
        assert content_of(path).sop_instance_uid == read_whole(path).SOPInstanceUID == made.SOPInstanceUID


def test_every_class_has_its_transfer_syntaxes_and_no_outline_is_lossy() -> None:
    assert {kind_of(sop_class) for sop_class in SOP_CLASSES} == TRANSFER_SYNTAXES.keys()
    assert not set(TRANSFER_SYNTAXES["seg"]) & set(LOSSY)
    assert set(LOSSLESS) <= set(TRANSFER_SYNTAXES["seg"])
