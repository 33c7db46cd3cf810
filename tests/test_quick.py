"""`make quick` leaves out what exists, and only that."""

import pytest

from tests.quick import FOLDERS, ROOT, SLOW


@pytest.mark.parametrize("name", FOLDERS + SLOW)
def test_what_is_left_out_exists(name: str) -> None:
    file, _, test = name.partition("::")
    assert (ROOT / file).exists()
    assert f"def {test}" in (ROOT / file).read_text() if test else True
