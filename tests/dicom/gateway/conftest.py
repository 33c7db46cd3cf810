"""A gateway of its own for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.endpoints import free_port
from stream.settings import Settings
from tests.dicom.gateway.running import Gateway


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """Takes files on a free port, and ends after the test."""
    gateway = Gateway(Settings(data_dir=tmp_path / "data", dicom_port=free_port()))
    yield gateway
    gateway.stop()
