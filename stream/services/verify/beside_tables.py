"""Texts that lie neither in the vault nor in tables: what parts log, the other files of a run, messages in Kafka."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from stream.endpoints import KafkaLogin
from stream.kafka_accounts import RIGHTS
from stream.kafka_messages import messages
from stream.storage.table_scan import leaves

TOPICS = RIGHTS["worker"].reads
"""In the others are numbers of folds."""
_WRITTEN_AT = re.compile(r"^\[?\d{4}-\d\d-\d\d[ T][\d:.,+Z]+")  # the line's own time, whoever was born on its day


def texts_beside(run: Path, login: KafkaLogin, percent: float) -> Iterator[tuple[str, Iterator[str]]]:
    """Each file of the folder `run` and each topic, with its texts; of messages the newest `percent`.

    Raises NotRead where Kafka cannot be asked.
    """
    for file in sorted(path for path in run.glob("*") if path.is_file()):
        yield f"{run.name}/{file.name}", _lines(file)
    for topic in TOPICS:
        found = messages(login, topic, percent)
        yield f"Kafka's topic {topic}", (text for message in found for text in _said(message))


def _lines(file: Path) -> Iterator[str]:
    with file.open(errors="replace") as lines:
        yield from (_WRITTEN_AT.sub("", line) for line in lines)


def _said(message: bytes) -> Iterator[str]:
    """As it lies there, and what its JSON says: letters may be written by their numbers."""
    text = message.decode(errors="replace")
    yield text
    if "\\u" in text:
        try:
            said = json.loads(text[text.index("{") :])
        except ValueError:
            return
        yield from map(str, leaves(said))
