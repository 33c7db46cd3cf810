"""Orthanc as a sender: what it sends of every kind and syntax is kept with the content that it was given."""

import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import numpy as np
import pytest
from pydicom import Dataset, uid

from stream.dicom.gateway.spool import InstanceRecord
from stream.dicom.reading.sop_classes import kind_of
from stream.endpoints import free_port
from tests.dicom.factories import content_of, make_image, make_kos, make_seg, make_series, make_sr, save
from tests.dicom.gateway.running import Gateway
from tests.programs import needs_program
from tests.waiting import wait_until

PATIENCE_SECONDS = 120.0
COMPRESSED = (uid.JPEG2000Lossless, uid.JPEGLSLossless, uid.RLELossless)
PLAIN = (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian)


class Orthanc:
    """An Orthanc that knows the gateway; it listens on loopback, and keeps what it is given in `folder`."""

    def __init__(self, folder: Path, gateway: Gateway) -> None:
        self._address = f"http://127.0.0.1:{free_port()}"
        folder.mkdir()
        settings = {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "index"),
            "HttpPort": int(self._address.rpartition(":")[2]),
            "DicomServerEnabled": False,
            "RemoteAccessAllowed": False,
            "DicomAet": "ORTHANC",
            "DicomModalities": {"scanstream": ["SCANSTREAM", "127.0.0.1", gateway.port]},
            "OverwriteInstances": True,
        }
        (folder / "orthanc.json").write_text(json.dumps(settings))
        command = [needs_program("Orthanc"), str(folder / "orthanc.json")]
        with (folder / "orthanc.log").open("w") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._answers, PATIENCE_SECONDS)

    def take(self, file: Path) -> str:
        """Upload a file; how Orthanc calls it."""
        return str(self._post("/instances", file.read_bytes())["ID"])

    def send(self, names: list[str]) -> None:
        """Send instances one after the other; HTTPError at the first that is not taken."""
        self._post("/modalities/scanstream/store", json.dumps({"Resources": names, "Synchronous": True}).encode())

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_SECONDS)

    def _answers(self) -> bool:
        assert self._process.poll() is None
        try:
            with urllib.request.urlopen(f"{self._address}/system", timeout=PATIENCE_SECONDS) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _post(self, path: str, body: bytes) -> dict[str, Any]:
        asked = urllib.request.Request(self._address + path, data=body, method="POST")
        with urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS) as answer:
            return dict(json.load(answer))


@pytest.fixture
def orthanc(tmp_path: Path, gateway: Gateway) -> Iterator[Orthanc]:
    orthanc = Orthanc(tmp_path / "orthanc", gateway)
    yield orthanc
    orthanc.stop()


def instances(gateway: Gateway) -> list[InstanceRecord]:
    """What was kept; Orthanc ends its associations when it likes."""
    return [record for record in gateway.spool.records() if isinstance(record, InstanceRecord)]


def of_class(sop_class: uid.UID, modality: str) -> Dataset:
    """An object of a kind that nothing here makes; the door looks at no more of it."""
    return make_sr(SOPClassUID=sop_class, Modality=modality)


def of_kinds(folder: Path) -> Iterator[Path]:
    """One object of each kind."""
    images = make_series(np.zeros((4, 32, 32)))
    mask = np.ones((4, 32, 32), bool)
    made = [images[0], make_seg([mask], images), make_sr(), make_kos(images[:1])]
    made += [of_class(uid.RTStructureSetStorage, "RTSTRUCT"), of_class(uid.SpatialRegistrationStorage, "REG")]
    assert {kind_of(one.SOPClassUID) for one in made} == {"image", "seg", "sr", "kos", "rtstruct", "reg"}
    return (save(one, folder / f"{number}.dcm") for number, one in enumerate(made))


def of_syntaxes(folder: Path) -> Iterator[Path]:
    """A noisy CT slice in each of the syntaxes that this test can write."""
    noise = np.random.default_rng(1).integers(0, 4096, (64, 64), np.uint16)
    for number, syntax in enumerate((*PLAIN, *COMPRESSED)):
        image = make_image(noise, SOPClassUID=uid.CTImageStorage, Modality="CT", PatientID=f"S{number}")
        if syntax in COMPRESSED:
            save(image, folder / "plain.dcm")
            image.compress(syntax, generate_instance_uid=False)
        yield save(image, folder / f"{number}.dcm", syntax)


@pytest.mark.parametrize("make", [of_kinds, of_syntaxes])
def test_what_orthanc_sends_is_kept_with_the_content_that_it_was_given(
    make: Callable[[Path], Iterator[Path]], orthanc: Orthanc, gateway: Gateway, tmp_path: Path
) -> None:
    files = list(make(tmp_path))
    given = sorted(content_of(file).sha256 for file in files)
    orthanc.send([orthanc.take(file) for file in files])
    kept = instances(gateway)
    assert sorted(record.arrival.content_sha256 for record in kept) == given
    assert sorted(content_of(gateway.spool.file(record)).sha256 for record in kept) == given
    assert {record.arrival.calling_ae for record in kept} == {"ORTHANC"}


def test_orthanc_hears_what_is_not_kept_and_goes_on(orthanc: Orthanc, gateway: Gateway, tmp_path: Path) -> None:
    odd = orthanc.take(save(make_sr(SOPClassUID=uid.EncapsulatedPDFStorage), tmp_path / "odd.dcm"))
    good = orthanc.take(save(make_sr(), tmp_path / "good.dcm"))
    with pytest.raises(HTTPError):
        orthanc.send([odd])
    orthanc.send([good])
    assert [content_of(gateway.spool.file(record)) for record in instances(gateway)] == [
        content_of(tmp_path / "good.dcm")
    ]
