"""Whatever is sent gets a clear answer, is kept when it was answered with success, and stops nothing else."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, uid

from stream.dicom.gateway.sender import send
from stream.services.accepting.set_asides import item_id
from stream.simulated.segmentation import make_seg
from stream.simulated.synthetic import SyntheticLesion, make_image, make_series, make_sr, save
from tests.dicom.factories import content_of
from tests.journey.outside import everything_said
from tests.journey.service import Service

MARKUP = "<b>Rob</b>^'); DROP TABLE core.forecasts; --"
IDENTIFIERS = (MARKUP, "DROP TABLE", "Planted^Name", "19430721", "planted-mrn")


def report(mm: float, unit: str = "mm", **attributes: object) -> Dataset:
    """A report of one lesion of `mm`."""
    return make_sr([SyntheticLesion({"longest_diameter": (mm, unit)})], **attributes)


def not_dicom(folder: Path) -> Path:
    """A file that claims to be a report and is a letter."""
    path = save(make_sr(PatientID="p-letter"), folder / "letter.dcm")
    meta = path.read_bytes().index(b"\x08\x00\x05\x00")  # the first element after the file meta
    path.write_bytes(path.read_bytes()[:meta] + b"Dear colleague, thank you for referring this patient. " * 9)
    return path


def truncated(folder: Path) -> Path:
    """An image whose end is missing."""
    path = save(make_image(np.ones((64, 64)), PatientID="p-truncated"), folder / "truncated.dcm")
    path.write_bytes(path.read_bytes()[:-1000])
    return path


def misplaced_seg() -> list[Dataset]:
    """Slices, and a segmentation that says it lies 40 mm away from the slices it refers to."""
    slices = make_series(np.zeros((3, 8, 8)), PatientID="p-elsewhere")
    seg = make_seg([np.ones((3, 8, 8))], slices)
    for frame in seg.PerFrameFunctionalGroupsSequence:
        place = frame.PlanePositionSequence[0]
        place.ImagePositionPatient = [40.0, 0.0, place.ImagePositionPatient[2]]
    return [*slices, seg]


def other_content() -> list[Dataset]:
    """Two reports with one SOP Instance UID."""
    first = report(20.0, PatientID="p-altered")
    second = report(21.0, PatientID="p-altered", StudyInstanceUID=first.StudyInstanceUID)
    second.SOPInstanceUID = first.SOPInstanceUID
    return [first, second]


def two_patients() -> list[Dataset]:
    """Two reports of one study for two patients."""
    study = uid.generate_uid()
    return [report(20.0, PatientID=mrn, StudyInstanceUID=study) for mrn in ("p-first", "p-second")]


SET_ASIDE: dict[str, Sequence[Dataset]] = {
    "no usable date": [report(20.0, PatientID="p-undated", StudyDate="")],
    "impossible date": [report(20.0, PatientID="p-february", StudyDate="20230231")],
    "no patient ID": [report(20.0, PatientID="")],
    "report without measurements": [make_sr([], PatientID="p-empty")],
    "segmentation elsewhere": misplaced_seg(),
    "same UID, other content": other_content(),
    "one study, two patients": two_patients(),
    "unknown unit": [report(20.0, "[ft_us]", PatientID="p-unit")],
    "negative size": [report(-20.0, PatientID="p-negative")],
    "infinite size": [report(math.inf, PatientID="p-infinite")],
}
REASONS = {
    "no usable date": "no_date",
    "impossible date": "impossible_date",
    "no patient ID": "no_patient_id",
    "report without measurements": "not_measurable",
    "segmentation elsewhere": "bad_geometry",
    "same UID, other content": "content_conflict",
    "one study, two patients": "patient_conflict",
    "unknown unit": "unknown_unit",
    "negative size": "bad_value",
    "infinite size": "bad_value",
}


@dataclass(frozen=True)
class Poured:
    """What was sent: C-STORE statuses by file name, the files of each case, and the set-aside list afterwards."""

    statuses: dict[str, int | None]
    files: dict[str, list[Path]]
    before: list[dict]
    listed: list[dict]

    def of(self, service: Service, case: str) -> list[dict]:
        """Set-aside items of a case: by its last file's content, or by its scan's revisions, one a file at most."""
        last, revisions = self.files[case][-1], range(1, 1 + len(self.files[case]))
        ids = {item_id(content_of(last).sha256)}
        known = service.ask(
            "SELECT scan_uid FROM vault.scans WHERE study_instance_uid = %s", [content_of(last).study_uid], role="vault"
        )
        ids |= {item_id(scan_uid, revision) for (scan_uid,) in known for revision in revisions}
        return [item for item in self.listed if item["item_id"] in ids]


@pytest.fixture(scope="module")
def poured(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Poured:
    """Everything bad at once, with good reports between."""
    folder = tmp_path_factory.mktemp("bad")
    files = {
        case: [save(one, folder / f"{case} {number}.dcm") for number, one in enumerate(datasets)]
        for case, datasets in SET_ASIDE.items()
    }
    files["not DICOM"], files["truncated"] = [not_dicom(folder)], [truncated(folder)]
    before = listed(service)
    statuses = {}
    for number, paths in enumerate(files.values()):
        good = save(report(25.0, PatientID=f"good-{number}"), folder / f"good-{number}.dcm")
        for path in (*paths, good):
            (sent,) = send([path], "127.0.0.1", service.settings.dicom_port, "SCANSTREAM", "TEST")
            statuses[path.stem] = sent.status
    service.settle()
    return Poured(statuses, files, before, listed(service))


def listed(service: Service) -> list[dict]:
    """`scanstream set-aside list`."""
    return json.loads(service.command("set-aside", "list", "--json").stdout)


@pytest.mark.parametrize("case", SET_ASIDE)
def test_what_is_clinically_wrong_is_answered_with_success_and_set_aside_with_its_reason(
    service: Service, poured: Poured, case: str
) -> None:
    assert {poured.statuses[path.stem] for path in poured.files[case]} == {0x0000}
    items = poured.of(service, case)
    assert [item["reason_code"] for item in items] == [REASONS[case]]
    assert items[0]["reason"].endswith(".")
    assert items[0]["decision"] is None


def test_nothing_else_is_set_aside(poured: Poured) -> None:
    assert len(poured.listed) - len(poured.before) == len(SET_ASIDE)


@pytest.mark.parametrize("case", ["not DICOM", "truncated"])
def test_what_cannot_be_parsed_is_refused(poured: Poured, case: str) -> None:
    assert poured.statuses[poured.files[case][0].stem] == 0xC000


def test_an_unknown_kind_of_object_gets_no_presentation_context(service: Service, tmp_path: Path) -> None:
    ultrasound = make_image(SOPClassUID="1.2.840.10008.5.1.4.1.1.6.1", Modality="US", PatientID="p-ultrasound")
    sending = service.sending([save(ultrasound, tmp_path / "us.dcm")])
    sending.wait()
    assert any("No Acceptable Presentation Contexts" in line for line in sending.said)


def test_what_was_refused_leaves_no_trace_of_a_patient(service: Service, poured: Poured) -> None:
    known = {mrn for (mrn,) in service.ask("SELECT mrn FROM vault.patients", role="vault")}
    assert not known & {"p-letter", "p-truncated", "p-ultrasound"}


def test_the_rest_of_the_stream_goes_on(service: Service, poured: Poured) -> None:
    names = [name for name in poured.statuses if name.startswith("good-")]
    assert len(names) == len(poured.files)
    query = "SELECT status FROM scanstream.scan_status WHERE patient_id = %s"
    assert {status for name in names for status in service.ask(query, [service.patient(name)])} == {("applied",)}


@pytest.mark.parametrize("mrn", ["p-altered", "p-first"])
def test_in_a_conflict_the_first_one_stands(service: Service, poured: Poured, mrn: str) -> None:
    query = "SELECT DISTINCT value FROM scanstream.trajectory WHERE patient_id = %s"
    assert service.ask(query, [service.patient(mrn)]) == [(20.0,)]


def test_a_size_of_zero_is_a_value(service: Service, tmp_path: Path) -> None:
    assert service.store([save(report(0.0, PatientID="p-gone"), tmp_path / "gone.dcm")]) == 1
    service.settle()
    query = "SELECT DISTINCT value FROM scanstream.trajectory WHERE patient_id = %s"
    assert service.ask(query, [service.patient("p-gone")]) == [(0.0,)]


def test_what_was_set_aside_and_comes_again_is_a_duplicate(service: Service, poured: Poured) -> None:
    before = service.settle()["files"]
    again = [poured.files[case][-1] for case in ("no usable date", "same UID, other content", "unknown unit")]
    assert service.store(again) == 3
    assert service.settle()["files"] == {**before, "duplicate": before["duplicate"] + 3}
    assert len(listed(service)) == len(poured.listed)


def test_markup_and_sql_in_a_name_stay_text_and_stay_in_the_vault(service: Service, tmp_path: Path) -> None:
    report_of = {"PatientBirthDate": "19430721", "StudyDescription": "Planted^Name"}
    names = {"planted-mrn-1": MARKUP, "planted-mrn-2": "Planted^Name"}
    paths = [
        save(report(20.0, PatientID=mrn, PatientName=name, **report_of), tmp_path / f"{mrn}.dcm")
        for mrn, name in names.items()
    ]
    assert service.store(paths) == 2
    service.settle()
    kept = dict(service.ask("SELECT mrn, name FROM vault.patients WHERE mrn LIKE 'planted%'", role="vault"))
    assert kept == names
    for place, text in everything_said(service):
        assert not [one for one in IDENTIFIERS if one in text], place
