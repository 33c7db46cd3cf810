"""Programs from outside that some tests need: a skip says which one is missing, and in CI it is a failure."""

import os
import shutil
from pathlib import Path

import pytest


def needs_program(name: str) -> str:
    """Path of a program of the system, never the one of the same name that a Python package brings."""
    found = shutil.which(name, path=os.pathsep.join(("/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin")))
    if found is None:
        missing(f"needs {name}; install it with `apt-get install dcmtk dicom3tools strace openssl orthanc`")
    return str(Path(found))


def missing(reason: str) -> None:
    """Skip the test with `reason`; in CI nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
