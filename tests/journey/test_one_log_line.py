from pathlib import Path

from stream.simulated.synthetic import make_sr, save
from tests.journey.service import Service

HOPS = [
    ("gateway", "instance_accepted"),
    ("worker-1", "scan_complete"),
    ("worker-1", "scan_measured"),
    ("worker-1", "scan_applied"),
]


def test_one_line_at_every_hop_tells_of_the_scan_by_the_same_id(service: Service, tmp_path: Path) -> None:
    report = make_sr(PatientID="one-log-line")
    assert service.store([save(report, tmp_path / "sr.dcm")]) == 1
    service.settle()
    scan = f"scan={service.scan(report.StudyInstanceUID)}"
    told = [
        (part, line.split()[3])
        for part in ("gateway", "worker-1")
        for line in service.log(part)
        if scan in line.split()
    ]
    assert told == HOPS


def test_every_line_says_when_how_grave_which_part_and_what(service: Service) -> None:
    for part, name in (("gateway", "gateway"), ("worker-1", "worker")):
        for line in service.log(part):
            _, level, writer, *_ = line.split()
            assert level in ("info", "warning", "error"), line
            assert writer == name, line
