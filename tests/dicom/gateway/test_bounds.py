"""What no object may take, whatever it claims to be: the sender hears why, the others are served, memory stays."""

import re
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, uid

from stream.dicom.gateway import limits
from stream.dicom.gateway.content import read_content
from stream.dicom.gateway.encoding import OFTEN
from stream.dicom.gateway.limits import LongLooks, ObjectLimits, SharedRoom
from stream.dicom.gateway.sender import send
from stream.dicom.gateway.spool import InstanceRecord
from stream.endpoints import free_port
from stream.errors import Refuse
from stream.settings import Settings
from tests.dicom.factories import dataset_bytes, encoded, make_image, make_seg, make_series, make_sr, save
from tests.dicom.gateway.running import Gateway

ROOT = Path(__file__).resolve().parents[3]
MIB = 2**20
MOST_MEMORY = 200 * MIB
EMPTY_TEXT = struct.pack("<HH2sH", 0x0009, 0x1001, b"LO", 0)
EMPTY_ITEM = struct.pack("<HHL", 0xFFFE, 0xE000, 0)
OPEN_SEQUENCE = struct.pack("<HH2sHL", 0x0008, 0x1115, b"SQ", 0, 0xFFFFFFFF)
OPEN_ITEM = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
CLOSED = struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)


def _gateway(tmp_path: Path, **settings: int) -> Gateway:
    return Gateway(Settings(data_dir=tmp_path / "data", dicom_port=free_port(), **settings))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Gateway]:
    gateway = _gateway(tmp_path, max_object_mb=1)
    yield gateway
    gateway.stop()


def _image(path: Path, mebibytes: float) -> Path:
    return save(make_image(np.zeros((int(mebibytes * 1024), 512))), path)


def test_an_object_larger_than_one_may_be_is_refused_and_the_next_is_taken(small: Gateway, tmp_path: Path) -> None:
    large, usual = _image(tmp_path / "large.dcm", 1.5), save(make_image(), tmp_path / "usual.dcm")
    (first, second) = send([large, usual], "127.0.0.1", small.port, "SCANSTREAM", "TEST")
    assert (first.status, "Larger than 1 MiB" in first.meaning, second.status) == (0xA700, True, 0)
    small.records(2)  # the file, and the end of its association
    assert sorted(path.suffix for path in small.spool.folder.iterdir()) == [".dcm", ".json"]


def test_an_object_that_does_not_end_aborts_its_association_and_no_other(small: Gateway, tmp_path: Path) -> None:
    assert small.store(_image(tmp_path / "endless.dcm", 2.5)) == [None]
    assert small.store(save(make_image(), tmp_path / "usual.dcm")) == [0]
    assert len([record for record in small.spool.records() if isinstance(record, InstanceRecord)]) == 1


def test_a_disk_that_is_nearly_full_is_left_to_the_database(tmp_path: Path) -> None:
    gateway = _gateway(tmp_path, keep_free_mb=2**40)
    try:
        (told,) = send([save(make_sr(), tmp_path / "sr.dcm")], "127.0.0.1", gateway.port, "SCANSTREAM", "TEST")
        assert (told.status, "nearly full" in told.meaning) == (0xA700, True)
    finally:
        gateway.stop()


BOMBS = {
    "flat": EMPTY_TEXT * 6_000_000,
    "items": OPEN_SEQUENCE + EMPTY_ITEM * 6_000_000 + CLOSED[8:],
    "sequences": (OPEN_SEQUENCE + OPEN_ITEM + CLOSED) * 2_000_000,
    "deep": (OPEN_SEQUENCE + OPEN_ITEM) * 2_000_000,
    "text": struct.pack("<HH2sHL", 0x0009, 0x1001, b"UT", 0, 255 * MIB) + bytes(255 * MIB),
}


def _bomb(name: str, path: Path) -> Path:
    """A deflated report of some ten thousand bytes that inflates to as much as is possible."""
    report = save(make_sr(), path, uid.DeflatedExplicitVRLittleEndian)
    deflater = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    whole = report.read_bytes()
    head = whole[: len(whole) - len(dataset_bytes(report))]
    path.write_bytes(head + deflater.compress(encoded(make_sr()) + BOMBS[name]) + deflater.flush())
    assert path.stat().st_size < MIB
    return path


def _most_memory(pid: int) -> int:
    """Bytes that the process has ever had in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def test_small_files_that_unfold_to_huge_ones_are_refused_and_fill_no_memory(tmp_path: Path) -> None:
    bombs = [_bomb(name, tmp_path / f"{name}.dcm") for name in BOMBS]
    usual, port = save(make_sr(), tmp_path / "usual.dcm"), free_port()
    command = [sys.executable, "-m", "tests.dicom.running_gateway", str(tmp_path / "data"), str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        assert [one.status for one in send([usual], "127.0.0.1", port, "SCANSTREAM", "TEST")] == [0]
        before = _most_memory(process.pid)
        told = {one.path.stem: one.status for one in send([*bombs, usual], "127.0.0.1", port, "SCANSTREAM", "TEST")}
        assert told == {**dict.fromkeys(BOMBS, 0xC000), "usual": 0}
        assert _most_memory(process.pid) - before < MOST_MEMORY
        process.stdin.close()


def test_flat_pictures_of_a_segmentation_inflate_further_than_a_report_may() -> None:
    limits = ObjectLimits(inflated_bytes=64 * MIB)
    assert limits.of_kind("sr", 1000).inflated_bytes == 16 * MIB
    assert limits.of_kind("sr", 300_000).inflated_bytes == 30_000_000
    assert limits.of_kind("sr", MIB).inflated_bytes == limits.of_kind("seg", 1000).inflated_bytes == 64 * MIB


@pytest.mark.parametrize("made", ["image", "report", "segmentation"])
def test_usual_objects_are_far_from_every_limit(made: str) -> None:
    images = make_series(np.zeros((2, 4, 4)))
    dataset = {"image": images[0], "report": make_sr(), "segmentation": make_seg([np.ones((2, 4, 4))], images)}[made]
    read_content(encoded(dataset), uid.ExplicitVRLittleEndian, ObjectLimits(elements=1000))


def test_the_limit_on_elements_counts_those_of_items() -> None:
    with pytest.raises(Refuse, match="more than 50 elements") as caught:
        read_content(encoded(make_sr()), uid.ExplicitVRLittleEndian, ObjectLimits(elements=50))
    assert caught.value.status == 0xC000


def test_fragments_of_pixel_data_count_as_elements() -> None:
    begins = struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
    fragments = begins + EMPTY_ITEM * 100 + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    with pytest.raises(Refuse, match="more than 100 elements"):
        read_content(fragments, uid.JPEG2000Lossless, ObjectLimits(elements=100))


def test_pixel_data_that_comes_twice_is_refused() -> None:
    image = encoded(make_image(np.zeros((4, 4), np.uint16)))
    twice = image + image[image.rindex(b"\xe0\x7f\x10\x00OW") :]
    with pytest.raises(Refuse, match="pixel data twice") as caught:
        read_content(twice, uid.ExplicitVRLittleEndian)
    assert caught.value.status == 0xC000


def test_objects_that_take_long_are_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "QUICK_SECONDS", 0.0)
    long = encoded(make_sr(ReferencedImageSequence=[Dataset() for _ in range(OFTEN)]))
    looks, done = LongLooks(), threading.Event()

    def second() -> None:
        with looks.begin() as goes_on:
            read_content(long, uid.ExplicitVRLittleEndian, goes_on=goes_on)
        done.set()

    with looks.begin() as first:
        first()
        waiting = threading.Thread(target=second)
        waiting.start()
        with looks.begin() as goes_on:
            read_content(
                encoded(make_sr()), uid.ExplicitVRLittleEndian, goes_on=goes_on
            )  # a usual one waits for nobody
        assert not done.is_set()
    waiting.join()
    assert done.is_set()


def test_who_has_waited_long_for_a_turn_is_told_to_send_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "QUICK_SECONDS", 0.0)
    monkeypatch.setattr(limits, "WAIT_SECONDS", 0.01)
    looks = LongLooks()
    with looks.begin() as first:
        first()
        with pytest.raises(Refuse, match="send it again") as caught, looks.begin() as second:
            second()
    assert caught.value.status == 0xA700
    with looks.begin() as third:
        third()


def test_who_finds_no_room_waits_until_there_is_some() -> None:
    room, entered = SharedRoom(10), threading.Event()

    def second() -> None:
        with room.take(6):
            entered.set()

    with room.take(5):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert not entered.is_set()
    waiting.join()
    assert entered.is_set()


def test_what_is_larger_than_all_room_gets_all_of_it() -> None:
    with SharedRoom(10).take(11):
        pass
