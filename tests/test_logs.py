import logging
from collections.abc import Iterator

import pytest

from stream import logs


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The log as it was before, afterwards."""
    kept = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = kept[0]
    logging.root.setLevel(kept[1])


def test_what_a_library_repeats_is_told_once_and_our_own_lines_all(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("worker")
    for number in range(50):
        logging.getLogger("aiokafka").error("Unable connect to node %s: try %s", 1, number)
        logs.event("kafka_away", again_in_seconds=1)
    logging.getLogger("aiokafka").error("Something else")
    lines = capsys.readouterr().err.splitlines()
    assert sum("Unable connect" in line for line in lines) == 1
    assert sum("Something else" in line for line in lines) == 1
    assert sum("kafka_away" in line for line in lines) == 50


def test_what_a_library_says_again_later_is_told_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "AGAIN_AFTER_SECONDS", 0.0)
    logs.setup("worker")
    for _ in range(2):
        logging.getLogger("aiokafka").error("Unable connect")
    assert len(capsys.readouterr().err.splitlines()) == 2
