import gc
from collections.abc import Iterator

import pytest

from stream.wiring.garbage import keep_for_good


@pytest.fixture
def thawed() -> Iterator[None]:
    """Everything is searched again afterwards, as often as before."""
    usual = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*usual)


def test_what_is_kept_for_good_is_not_searched_for_garbage_again(thawed: None) -> None:
    model = {"weights": [1.0]}
    keep_for_good()
    batch = {"rows": [model]}
    searched = list(map(id, gc.get_objects()))
    assert id(model) not in searched
    assert id(batch) in searched


def test_a_batch_comes_and_goes_without_a_search_through_all_that_is_in_memory(thawed: None) -> None:
    keep_for_good()
    searches = [each["collections"] for each in gc.get_stats()]
    for _ in range(20):
        batch = [{"row": number} for number in range(50_000)]
        del batch
    assert [each["collections"] for each in gc.get_stats()] == searches
