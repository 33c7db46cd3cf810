import gc
from collections.abc import Iterator

import pytest

from stream.wiring.garbage import keep_for_good


@pytest.fixture
def thawed() -> Iterator[None]:
    """Everything is searched again afterwards."""
    yield
    gc.unfreeze()


def test_what_is_kept_for_good_is_not_searched_for_garbage_again(thawed: None) -> None:
    model = {"weights": [1.0]}
    keep_for_good()
    batch = {"rows": [model]}
    searched = list(map(id, gc.get_objects()))
    assert id(model) not in searched
    assert id(batch) in searched
