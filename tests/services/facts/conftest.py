from pathlib import Path

import pytest

from tests.services.facts.tables import Tables


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)
