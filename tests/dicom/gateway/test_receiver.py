import hashlib
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread, uid
from pynetdicom import AE
from pynetdicom.sop_class import UltrasoundImageStorage

from stream.dicom.gateway.receiver import Receiver
from stream.dicom.gateway.sender import send
from stream.dicom.gateway.spool import AssociationEndRecord, InstanceRecord
from stream.dicom.reading.sop_classes import COMPRESSED, TRANSFER_SYNTAXES, kind_of
from stream.endpoints import free_port
from stream.errors import CannotStart
from tests.dicom.factories import content_of, dataset_bytes, make_image, make_seg, make_series, make_sr, save
from tests.dicom.gateway.running import Gateway
from tests.programs import needs_program


@pytest.fixture
def storescu(gateway: Gateway) -> Callable[..., str]:
    """dcmtk's sender, proposing only the contexts that the files need; returns what it says."""
    program = needs_program("storescu")

    def run(*arguments: object) -> str:
        command = [program, "-v", "-R", "-aet", "PACS", "-aec", "SCANSTREAM", "127.0.0.1", str(gateway.port)]
        return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=False).stderr

    return run


def test_a_foreign_sender_stores_report_image_and_segmentation_byte_for_byte(
    gateway: Gateway, storescu: Callable[..., str], tmp_path: Path
) -> None:
    images = make_series(np.zeros((2, 8, 8)))
    made = [make_sr(), *images, make_seg([np.ones((2, 8, 8))], images)]
    paths = [save(dataset, tmp_path / f"{number}.dcm") for number, dataset in enumerate(made)]
    said = storescu(*paths)
    assert said.count("Store Response (Success)") == 4
    *instances, closed = gateway.records(5)
    kept = {dcmread(gateway.spool.file(record)).SOPInstanceUID: gateway.spool.file(record) for record in instances}
    for path, dataset in zip(paths, made, strict=True):
        assert dataset_bytes(kept[dataset.SOPInstanceUID]) == dataset_bytes(path)
    assert isinstance(closed, AssociationEndRecord)
    assert set(closed.study_uids) == {dataset.StudyInstanceUID for dataset in made}


def test_the_record_says_who_sent_what_and_the_hash_of_the_file(
    gateway: Gateway, storescu: Callable[..., str], tmp_path: Path
) -> None:
    path = save(make_sr(), tmp_path / "sr.dcm", uid.ImplicitVRLittleEndian)
    storescu("-xi", path)
    record, closed = gateway.records(2)
    assert record.sha256 == hashlib.sha256(gateway.spool.file(record).read_bytes()).hexdigest()
    assert record.arrival.content_sha256 == content_of(path).sha256
    assert (record.arrival.calling_ae, record.arrival.peer) == ("PACS", "127.0.0.1")
    assert record.arrival.association == closed.association


def test_the_same_report_sent_implicit_and_explicit_has_one_content(
    gateway: Gateway, storescu: Callable[..., str], tmp_path: Path
) -> None:
    path = save(make_sr(), tmp_path / "sr.dcm")
    for option in ("-xi", "-xe"):
        storescu(option, path)
    kept = [record for record in gateway.records(4) if isinstance(record, InstanceRecord)]
    assert kept[0].sha256 != kept[1].sha256
    assert kept[0].arrival.content_sha256 == kept[1].arrival.content_sha256


def test_compressed_files_are_taken_as_they_are(gateway: Gateway, storescu: Callable[..., str], tmp_path: Path) -> None:
    original, packed = save(make_image(), tmp_path / "image.dcm"), tmp_path / "packed.dcm"
    subprocess.run([needs_program("dcmcrle"), original, packed], check=True)
    storescu("-xr", packed)
    record, _ = gateway.records(2)
    assert dcmread(gateway.spool.file(record)).file_meta.TransferSyntaxUID == uid.RLELossless
    assert record.arrival.content_sha256 == content_of(original).sha256


def test_what_is_read_of_a_kind_is_what_is_taken_of_it(gateway: Gateway) -> None:
    offered = [*COMPRESSED, uid.HTJ2KLossless]
    for sop_class in (uid.CTImageStorage, uid.SegmentationStorage, uid.Comprehensive3DSRStorage):
        entity = AE("TEST")
        for syntax in offered:
            entity.add_requested_context(sop_class, syntax)
        association = entity.associate("127.0.0.1", gateway.port)
        taken = {context.transfer_syntax[0] for context in association.accepted_contexts}
        association.release()
        assert taken == set(TRANSFER_SYNTAXES[kind_of(sop_class)]) & set(offered)


def test_an_echo_is_answered(gateway: Gateway) -> None:
    subprocess.run([needs_program("echoscu"), "127.0.0.1", str(gateway.port)], check=True)


def test_a_kind_that_is_not_supported_gets_no_context(
    gateway: Gateway, storescu: Callable[..., str], tmp_path: Path
) -> None:
    path = save(make_image(SOPClassUID=UltrasoundImageStorage, Modality="US"), tmp_path / "us.dcm")
    assert "No presentation context" in storescu(path) or "No Acceptable Presentation" in storescu(path)
    assert gateway.records(0) == []


def test_a_truncated_file_is_refused_as_not_understood_and_nothing_is_kept(gateway: Gateway, tmp_path: Path) -> None:
    path = save(make_image(np.ones((64, 64))), tmp_path / "image.dcm")
    path.write_bytes(path.read_bytes()[:-1000])
    assert gateway.store(path) == [0xC000]
    assert gateway.records(0) == []


def test_a_dataset_with_another_uid_than_announced_is_refused_as_not_matching(gateway: Gateway, tmp_path: Path) -> None:
    path = save(make_sr(), tmp_path / "sr.dcm")
    announced = path.read_bytes()
    uid_at = announced.rindex(b"\x08\x00\x18\x00UI") + 8
    path.write_bytes(announced[:uid_at] + b"9" + announced[uid_at + 1 :])
    assert gateway.store(path) == [0xA900]
    assert gateway.records(0) == []


@pytest.mark.parametrize(
    "odd", [{"StudyDate": ""}, {"StudyDate": "20130231"}, {"PatientID": ""}, {"StudyInstanceUID": ""}], ids=str
)
def test_what_is_only_clinically_wrong_is_kept(gateway: Gateway, tmp_path: Path, odd: dict[str, str]) -> None:
    report = make_sr()
    for keyword, value in odd.items():
        report[keyword]._value = value
    assert gateway.store(save(report, tmp_path / "sr.dcm")) == [0x0000]


def test_a_spool_that_cannot_be_written_is_out_of_resources(gateway: Gateway, tmp_path: Path) -> None:
    gateway.spool.folder.rename(tmp_path / "elsewhere")
    assert gateway.store(save(make_sr(), tmp_path / "sr.dcm")) == [0xA700]


def test_a_sender_that_vanishes_in_the_middle_still_closes_its_association(gateway: Gateway, tmp_path: Path) -> None:
    report = make_sr()
    save(report, tmp_path / "sr.dcm")
    entity = AE("TEST")
    entity.add_requested_context(report.SOPClassUID, uid.ExplicitVRLittleEndian)
    association = entity.associate("127.0.0.1", gateway.port)
    association.send_c_store(tmp_path / "sr.dcm")
    association.dul.socket.socket.close()
    assert gateway.records(2)[1].study_uids == (report.StudyInstanceUID,)


def test_twenty_senders_at_once_are_all_served(gateway: Gateway, tmp_path: Path) -> None:
    paths = [save(make_sr(), tmp_path / f"{number}.dcm") for number in range(20)]
    heard: list[int | None] = []
    senders = [threading.Thread(target=lambda path=path: heard.extend(gateway.store(path))) for path in paths]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert heard == [0] * 20
    gateway.records(40)


@pytest.mark.parametrize("kind", [1, 4], ids=["negotiation", "data"])
def test_a_stranger_that_announces_a_huge_pdu_is_cut_off_before_it_gets_memory(gateway: Gateway, kind: int) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as stranger:
        stranger.sendall(struct.pack(">BBL", kind, 0, 2**31))
        assert stranger.makefile("rb").read()[:1] in (b"", b"\x07")  # closed, at most with an A-ABORT


def test_a_port_in_use_stops_the_start_with_one_sentence(gateway: Gateway) -> None:
    with pytest.raises(CannotStart, match="set DICOM_HOST or DICOM_PORT"):
        Receiver(gateway.settings, gateway.spool, lambda: None).start()


def test_sending_says_what_became_of_each_file(gateway: Gateway, tmp_path: Path) -> None:
    save(make_sr(), tmp_path / "in" / "a.dcm")
    save(make_image(SOPClassUID=UltrasoundImageStorage), tmp_path / "in" / "b.dcm")
    (tmp_path / "in" / "c.txt").write_text("no DICOM")
    sent = {one.path.name: one for one in send([tmp_path / "in"], "127.0.0.1", gateway.port, "SCANSTREAM", "TEST")}
    assert (sent["a.dcm"].status, sent["a.dcm"].meaning) == (0, "stored")
    assert "not supported" in sent["b.dcm"].meaning
    assert "no DICOM file" in sent["c.txt"].meaning


def test_sending_to_nobody_is_one_sentence(tmp_path: Path) -> None:
    path = save(make_sr(), tmp_path / "sr.dcm")
    with pytest.raises(CannotStart, match="does not answer"):
        list(send([path], "127.0.0.1", free_port(), "SCANSTREAM", "TEST"))
