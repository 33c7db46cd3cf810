"""One log line per event: time, part, event, then key=value; the scan id is the same at every hop."""

import datetime as dt
import logging
import sys
import traceback
from pathlib import Path

log = logging.getLogger("scanstream")

AGAIN_AFTER_SECONDS = 60.0
KEPT = 1000


def setup(part: str) -> None:
    """Send the log lines of this process to stderr, marked with the name of its part; of libraries, their warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(part))
    handler.addFilter(_Seldom())
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    log.setLevel(logging.INFO)


def event(name: str, /, level: int = logging.INFO, **fields: object) -> None:
    """Write one line; values with blanks are quoted. Never pass names, birth dates or original identifiers."""
    log.log(level, " ".join([name, *(f"{key}={_quoted(value)}" for key, value in fields.items())]))


def kind_and_place(error: BaseException) -> str:
    """Of which kind an error is and the way to where it was raised; its words may quote what somebody sent."""
    way = (f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__))
    return f"{type(error).__name__} at {' > '.join(way)}"


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if " " in text else text


class _Seldom(logging.Filter):
    """Of what a library says again and again, one line a minute: aiokafka speaks 70 times a second in an outage."""

    def __init__(self) -> None:
        super().__init__()
        self._logged_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == log.name:
            return True
        message = (record.name, str(record.msg))
        if record.created - self._logged_at.get(message, 0.0) < AGAIN_AFTER_SECONDS:
            return False
        if len(self._logged_at) == KEPT:
            self._logged_at.clear()
        self._logged_at[message] = record.created
        return True


class _Line(logging.Formatter):
    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        text = record.getMessage().replace("\n", " ")
        if record.name != log.name:
            text = f"library_said library={record.name} says={_quoted(text)}"
        if record.exc_info:
            text += " " + self.formatException(record.exc_info).replace("\n", " | ")
        return f"{at} {record.levelname.lower()} {self.part} {text}"
