import datetime as dt
import hashlib
import json
import resource
import stat
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from stream.archive.originals import Archive
from stream.dicom.gateway.spool import Arrival, AssociationEndRecord, InstanceRecord, Spool
from stream.errors import CannotStart, Refuse, SetAside

ARRIVAL = Arrival("c" * 64, "PACS", "10.0.0.7", "a1", dt.datetime(2020, 3, 2, 9, 30, 1, 700_001, dt.UTC))
SHA256 = hashlib.sha256(b"whole file").hexdigest()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path / "spool")
    spool.open()
    return spool


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def keep(spool: Spool, *pieces: bytes) -> InstanceRecord:
    file = spool.incoming(b"")
    for piece in pieces:
        file.write(piece)
    return spool.keep(file, ARRIVAL)


def test_what_is_kept_is_found_again_after_a_restart_in_the_order_it_came(spool: Spool) -> None:
    kept = [keep(spool, b"whole ", b"file"), keep(spool, b"another")]
    spool.close_association("a1", ["1.2.3"], ARRIVAL.received_at)
    again = Spool(spool.folder)
    again.open()
    *instances, closed = again.records()
    assert instances == kept
    assert kept[0].sha256 == SHA256
    assert again.file(kept[0]).read_bytes() == b"whole file"
    assert isinstance(closed, AssociationEndRecord)
    assert (closed.association, closed.study_uids) == ("a1", ("1.2.3",))


def test_the_oldest_records_are_read_without_the_others(spool: Spool) -> None:
    kept = [keep(spool, b"%d" % number) for number in range(5)]
    assert spool.records(2) == kept[:2]
    assert spool.records(9) == kept


def test_a_record_says_what_it_was_told_whatever_stands_in_it(spool: Spool) -> None:
    odd = replace(ARRIVAL, calling_ae='a//b/./"\\ä\n.', association="/../")
    file = spool.incoming(b"whole file")
    kept = spool.keep(file, odd)
    assert spool.records() == [kept]


def test_the_end_of_an_association_of_many_studies_names_them_all(spool: Spool) -> None:
    uids = [f"2.25.{10**37 + number}" for number in range(500)]
    spool.close_association("a1", uids, ARRIVAL.received_at)
    assert [uid for record in spool.records() for uid in record.study_uids] == uids


def test_the_longest_title_and_address_fit_into_a_name(spool: Spool) -> None:
    longest = replace(ARRIVAL, calling_ae="/" * 16, peer="2001:db8:" + ":".join(["ffff"] * 6), association="a" * 16)
    kept = spool.keep(spool.incoming(b"whole file"), longest)
    assert spool.records() == [kept]


@pytest.mark.parametrize("as_link", [True, False])
def test_what_an_earlier_version_left_is_read_and_cleared_with_the_same_receipt(spool: Spool, as_link: bool) -> None:
    """Its files were named by their hash, and their records lay beside them: texts, later links to their own text."""
    path, file = spool.folder / "00000001583141401700-0a1b2c3d.json", spool.folder / f"{SHA256}.dcm"
    file.write_bytes(b"whole file")
    arrival = {**asdict(ARRIVAL), "transfer_syntax": "1.2", "received_at": ARRIVAL.received_at.isoformat()}
    text = json.dumps({"sha256": SHA256, **arrival})
    path.symlink_to(text) if as_link else path.write_text(text)
    spool.open()
    (record,) = spool.records()
    assert (record.receipt_id, record.sha256, record.arrival) == (path.stem, SHA256, ARRIVAL)
    assert spool.file(record) == file
    spool.clear(record)
    assert list(spool.folder.iterdir()) == []


def test_nobody_else_on_the_machine_can_read_the_spool(spool: Spool) -> None:
    keep(spool, b"whole file")
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in spool.folder.iterdir()] == [0o600]


def test_a_restart_removes_half_written_files_and_files_that_were_never_acknowledged(spool: Spool) -> None:
    record = keep(spool, b"whole file")
    (spool.folder / ".writing-0123").write_bytes(b"half a f")
    (spool.folder / f"{'d' * 64}.dcm").write_bytes(b"no record was written for this one")
    Spool(spool.folder).open()
    assert [path.name for path in spool.folder.iterdir()] == [record.name]


def test_a_cleared_record_is_gone_and_clearing_it_again_is_harmless(spool: Spool) -> None:
    record = keep(spool, b"whole file")
    spool.clear(record)
    spool.clear(record)
    assert spool.waiting() == 0


def test_a_spool_that_cannot_be_written_refuses_and_leaves_nothing_behind(spool: Spool) -> None:
    file = spool.incoming(b"half ")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (7, limits[1]))
    try:
        with pytest.raises(OSError):
            file.write(b"a file")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(spool.folder.iterdir()) == []


def test_a_file_that_cannot_be_named_is_refused_and_leaves_nothing_behind(spool: Spool, tmp_path: Path) -> None:
    file = spool.incoming(b"whole file")
    spool.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(Refuse) as caught:
        spool.keep(file, ARRIVAL)
    assert caught.value.status == 0xA700


def test_a_spool_folder_that_cannot_be_made_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStart, match="check DATA_DIR"):
        Spool(tmp_path / "file" / "spool").open()


def test_the_archive_takes_a_file_under_its_hash_and_has_it_when_the_spool_forgets_it(
    spool: Spool, archive: Archive
) -> None:
    record = keep(spool, b"whole file")
    taken = archive.take(spool.file(record), SHA256)
    assert taken == archive.folder / SHA256[:2] / f"{SHA256}.dcm"
    assert spool.records() == [record]
    spool.clear(record)
    assert taken.read_bytes() == b"whole file"
    assert archive.uri(SHA256) == f"archive:{SHA256}"
    assert archive.find(f"archive:{SHA256}") == taken


def test_the_same_file_received_twice_is_taken_twice_without_a_loss(spool: Spool, archive: Archive) -> None:
    first, second = keep(spool, b"whole file"), keep(spool, b"whole file")
    assert first != second
    for record in (first, second):
        assert isinstance(record, InstanceRecord)
        assert archive.take(spool.file(record), SHA256).read_bytes() == b"whole file"
        assert archive.take(spool.file(record), SHA256).read_bytes() == b"whole file"


def test_what_was_damaged_in_the_archive_is_whole_once_it_has_been_sent_again(spool: Spool, archive: Archive) -> None:
    taken = archive.take(spool.file(keep(spool, b"whole file")), SHA256)
    taken.unlink()
    taken.write_bytes(b"damaged")
    beside = taken.with_name(f".writing-{taken.name}")
    beside.write_bytes(b"a crash left it")
    archive.take(spool.file(keep(spool, b"whole file")), SHA256)
    assert taken.read_bytes() == b"whole file"
    assert not beside.exists()


def test_a_file_that_is_nowhere_is_an_error_and_not_silently_taken(spool: Spool, archive: Archive) -> None:
    with pytest.raises(FileNotFoundError):
        archive.take(spool.folder / f"{SHA256}.dcm", SHA256)
    with pytest.raises(SetAside) as caught:
        archive.find(f"archive:{SHA256}")
    assert caught.value.reason_code == "decode_failed"


def test_a_name_from_outside_never_becomes_a_path(archive: Archive) -> None:
    with pytest.raises(ValueError, match="sha256"):
        archive.path("../../etc/passwd")


def test_an_archive_on_another_file_system_gets_a_whole_copy(spool: Spool, tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    record = keep(spool, b"whole file")
    archive = Archive(elsewhere / f"scanstream-{tmp_path.name}-{record.name}")
    try:
        assert archive.take(spool.file(record), SHA256).read_bytes() == b"whole file"
        assert [path.name for path in archive.folder.rglob("*") if path.is_file()] == [f"{SHA256}.dcm"]
    finally:
        for path in sorted(archive.folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        archive.folder.rmdir()
