import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from pydicom import Dataset, dcmread, uid
from pydicom.charset import convert_encodings, python_encoding
from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.filereader import read_partial
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from stream.dicom.reading.files import read_dataset
from stream.dicom.reading.header import text
from stream.dicom.usual_header import MOST_BYTES, usual_header
from tests.dicom.factories import make_image, make_seg, make_series, make_sr, save

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom says what it thinks of the files

SPOILED = 1500
SYNTAXES = [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian]


def text_of_pydicom(dataset: Dataset, keyword: str) -> str:
    """A value as text by pydicom's objects alone."""
    value = dataset.get(keyword)
    parts = value if isinstance(value, MultiValue) else [value]
    return "\\".join(str(part) for part in parts if part is not None).strip(" \0")


def texts(dataset: Dataset, read: Callable[[Dataset, str], str]) -> dict[str, object]:
    """The text of each element by its keyword, or what reading it raises."""
    said: dict[str, object] = {}
    for keyword in filter(tag_for_keyword, map(keyword_for_tag, dataset.keys())):
        try:
            said[keyword] = read(dataset, keyword)
        except Exception as error:
            said[keyword] = type(error)
    return said


def elements(dataset: Dataset) -> list[object]:
    """Each element as it is before anybody asks for it, and how the dataset is encoded."""
    dataset.get("SpecificCharacterSet")  # pydicom asks for it while it reads
    return [*map(dataset.get_item, dataset.keys()), dataset.original_encoding, dataset.original_character_set]


def is_usual(path: Path) -> bool:
    """Whether a file is not left to pydicom; fails where its header or a text in it is not what pydicom reads."""
    usual = usual_header(path)
    if usual is None:
        return False
    said = texts(usual, text)
    assert said == texts(dcmread(path, stop_before_pixels=True), text_of_pydicom)
    again = usual_header(path)
    assert again is not None
    assert elements(again) == elements(dcmread(path, stop_before_pixels=True))
    return True


def made() -> list[Dataset]:
    """An image, a report and a segmentation, with a sequence that says its end and not its length."""
    report, slices = make_sr(PatientName="Ä^B"), np.zeros((2, 8, 8))
    report.SpecificCharacterSet = "ISO_IR 192"
    item = Dataset()
    item.RequestedProcedureDescription = "Ä"
    item.is_undefined_length_sequence_item = True
    report.RequestAttributesSequence = Sequence([item])
    report["RequestAttributesSequence"].is_undefined_length = True
    return [make_image(PatientID="1\\2"), report, make_seg([slices], make_series(slices))]


def test_a_header_is_what_pydicom_reads_of_the_files_that_it_is_tested_with() -> None:
    files = [path for path in sorted(Path(pydicom.data.__path__[0]).rglob("*")) if path.is_file()]
    assert sum(map(is_usual, files)) > 150


@pytest.mark.parametrize("syntax", SYNTAXES, ids=["explicit", "implicit"])
def test_what_is_made_here_is_usual_with_sequences_of_either_kind(tmp_path: Path, syntax: uid.UID) -> None:
    assert all(is_usual(save(dataset, tmp_path / f"{n}.dcm", syntax)) for n, dataset in enumerate(made()))


@pytest.mark.parametrize("syntax", SYNTAXES, ids=["explicit", "implicit"])
@pytest.mark.parametrize("number", range(3), ids=["image", "report", "segmentation"])
def test_of_a_spoiled_header_it_says_what_pydicom_says_or_nothing(tmp_path: Path, syntax: uid.UID, number: int) -> None:
    rng, path = random.Random(number), save(made()[number], tmp_path / "whole.dcm", syntax)
    with path.open("rb") as file:
        read_partial(file, stop_when=lambda tag, *_: tag >= 0x7FE00008)
        whole, header = path.read_bytes(), file.tell()
    path, usual = tmp_path / "spoiled.dcm", 0
    for _ in range(SPOILED):
        data = bytearray(whole[: rng.choice([len(whole), header, rng.randrange(header)])])
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(128, header)
            end = at + rng.choice([1, 2, 4, 8])
            data[at:end] = rng.choice([rng.randbytes(end - at), b"\xff" * 4, b"\0" * 2, b"\\", b"\x1b", b"", b" "])
        path.write_bytes(data)
        usual += is_usual(path)
    assert usual > SPOILED // 20


@pytest.mark.parametrize("encoding", sorted(set(python_encoding) - {""}))
def test_text_is_what_pydicom_says_in_every_character_set(encoding: str) -> None:
    rng, tag = random.Random(encoding), Tag("PatientID")
    for _ in range(200):
        value = bytes(rng.choices(b"A~ \\\0\x1b$)C=.0", k=rng.randrange(6))) + rng.randbytes(rng.randrange(2))
        pair = Dataset(), Dataset()
        for dataset in pair:
            dataset[tag] = RawDataElement(tag, "LO", len(value), value, 0, False, True)
            dataset.set_original_encoding(False, True, convert_encodings(encoding))
        assert texts(pair[0], text) == texts(pair[1], text_of_pydicom)


def test_a_header_longer_than_what_is_read_at_once_is_left_to_pydicom(tmp_path: Path) -> None:
    image = make_image()
    image.ImageComments = "x" * MOST_BYTES
    image[0x00204000].VR = "UT"
    path = save(image, tmp_path / "long.dcm")
    assert usual_header(path) is None
    assert text(read_dataset(path), "SOPInstanceUID") == image.SOPInstanceUID
