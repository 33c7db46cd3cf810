"""What we make up is DICOM in the first place: dciodvfy of dicom3tools, which is not ours, finds no error in it."""

import datetime as dt
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from stream.simulated.cohort import cohort, write_study
from tests.dicom.factories import make_kos, make_seg, make_series, make_sr, save
from tests.programs import needs_program

SPHERE = np.linalg.norm(np.indices((6, 32, 32)) - np.array([3, 16, 16])[:, None, None, None], axis=0) < 3


def errors(path: Path) -> list[str]:
    """What is wrong with a file."""
    ran = subprocess.run([needs_program("dciodvfy"), str(path)], capture_output=True, text=True)
    assert ran.stderr, "it says at least which kind of object it is"
    return [line for line in ran.stderr.splitlines() if line.startswith("Error")]


def made() -> dict[str, Dataset]:
    """One of each kind that tests and the demonstration are made of."""
    images = make_series(np.zeros((6, 32, 32)))
    return {"SR": make_sr(), "MR": images[0], "SEG": make_seg([SPHERE], images), "KO": make_kos(images[:1])}


@pytest.mark.parametrize("kind", ["SR", "MR", "SEG", "KO"])
def test_a_made_up_object_is_valid(kind: str, tmp_path: Path) -> None:
    assert errors(save(made()[kind], tmp_path / f"{kind}.dcm")) == []


def test_every_kind_of_study_of_the_demonstration_is_valid(tmp_path: Path) -> None:
    """Of each region one study: reports, and images with their segmentation."""
    studies = {study.region: study for study in cohort(12, dt.date(2026, 1, 5))}
    written = [write_study(study, tmp_path) for study in studies.values()]
    found = {path.name: errors(path) for paths in written for path in (paths[0], paths[-1])}
    assert not any(found.values()), found


def test_what_is_missing_is_found(tmp_path: Path) -> None:
    report = make_sr()
    del report.CompletionFlag
    assert any("CompletionFlag" in line for line in errors(save(report, tmp_path / "report.dcm")))
