"""What a child found is the same on the other side of the pipe."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.criteria.place import LesionPlace, Registration
from models.measurement import Measurement
from stream.children.plain import plain, restoring
from stream.dicom.header_reading import ReadHeader
from stream.dicom.reading.header import patient_identity, read_header
from stream.errors import SetAside
from stream.measured_scan import KeySlice, LesionMap, MeasuredScan, Outlining, TumourPresence, Unused
from stream.settings import Settings
from stream.simulated.synthetic import make_sr
from stream.vocabulary import ReasonCode

MEASURED = MeasuredScan(
    measurements=(Measurement("longest_diameter", np.float64(0.1) + 0.2, "SR", lesion_uid="1"),),
    disease_hint=None,
    note="a note",
    embedding=(1.5, None, float(np.float32(0.1))),
    unused=(Unused("sr", "", "Größe", "why"),),
    findings=(LesionFinding("1", LesionState.GONE, role=LesionRole.TARGET, place=LesionPlace("f", (1.0, 2.0, 3.0))),),
    registrations=(Registration("a", "b", tuple(map(float, range(16)))),),
    key_slices=(KeySlice("1", b"\x89PNG\0\xff", 3, 4, 0.5, "axial", 1, 9, 20.0, "i"),),
    presence=TumourPresence(
        "s", "m", "w", 9, 0.5, 0.1, 0.9, (0.1, 0.2), 2, "i", picture=b"\0", gates=((0.5,), (0.25,))
    ),
    outlining=Outlining("m", "1", "w", "outlined", None, "0" * 64),
    maps=(LesionMap("1", bytes(range(256))),),
)


def crossed(kind: type, value: object) -> Any:
    return restoring(kind)(json.loads(json.dumps(plain(value))))


@pytest.mark.parametrize("scan", [MEASURED, MeasuredScan((), None, None)])
def test_a_measured_scan(scan: MeasuredScan) -> None:
    found = crossed(MeasuredScan, scan)
    assert found == scan
    assert [type(finding.state) for finding in found.findings] == [LesionState] * len(scan.findings)


def test_a_header_and_why_there_is_none(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, time_zone="Europe/Berlin")
    report = make_sr(PatientBirthDate="19500523", PatientName="Mü^\udcff", NumberOfStudyRelatedInstances=3)
    read = ReadHeader(read_header(report, settings, "PACS"))
    assert crossed(ReadHeader, read) == read
    assert read.header is not None
    assert crossed(ReadHeader, read).header.acquired_at.tzinfo is not None
    why = ReadHeader(None, ReasonCode.NO_DATE, "It has no date.", "1.2", patient_identity(report, settings, "PACS"))
    assert crossed(ReadHeader, why) == why
    assert SetAside(crossed(ReadHeader, why).reason_code, "").reason_code is ReasonCode.NO_DATE
    assert read.header.acquired_at == crossed(ReadHeader, read).header.acquired_at.astimezone(dt.UTC)
