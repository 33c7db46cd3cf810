"""What travels through Kafka: bells as UTF-8 JSON (docs/interfaces.md 8). Truth is in Postgres; a bell says where."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION = 1
LARGEST_REVISION = 2**31 - 1
"""Of the column's type; a larger number is no revision of ours."""


class BadMessage(Exception):
    """The message cannot be understood: its text says why, `sha256` names its bytes."""

    def __init__(self, value: bytes, why: str) -> None:
        super().__init__(why)
        self.sha256 = hashlib.sha256(value).hexdigest()


@dataclass(frozen=True)
class Letter:
    """A message as it came: its key (received_as, where there is one) and its raw value."""

    key: str | None
    value: bytes

    @property
    def sha256(self) -> str:
        """Names the message by its bytes."""
        return hashlib.sha256(self.value).hexdigest()

    def fields(self) -> Mapping[str, Any]:
        """The decoded message; raises BadMessage, also for JSON that Postgres cannot hold (NUL, half pairs, NaN)."""
        try:
            fields = json.loads(self.value)
            json.dumps(fields, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise BadMessage(self.value, f"The message is not JSON ({type(error).__name__}).") from None
        if b"\\u0000" in self.value:
            raise BadMessage(self.value, "The message holds a NUL, which is no text.")
        if not isinstance(fields, dict) or fields.get("v") != VERSION:
            raise BadMessage(self.value, f'The message has no "v": {VERSION}.')
        return fields

    def text(self, name: str) -> str:
        """A field that must be text; raises BadMessage."""
        value = self.fields().get(name)
        if not isinstance(value, str):
            raise BadMessage(self.value, f"The message has no text in its field {name}.")
        return value

    def scan_revision(self) -> tuple[str, int]:
        """scan_uid and revision of a bell on `scans` or `timepoints`; raises BadMessage."""
        revision = self.fields().get("revision")
        if type(revision) is not int or not 0 < revision <= LARGEST_REVISION:
            raise BadMessage(self.value, "The message has no whole number in its field revision.")
        return self.text("scan_uid"), revision

    def scan_uids(self) -> list[str]:
        """Scans named by a bell on `instances`: one, or those an association touched; raises BadMessage."""
        uids = self.fields().get("scan_uids")
        if uids is None:
            return [self.text("scan_uid")]
        if not isinstance(uids, list) or not all(isinstance(uid, str) for uid in uids):
            raise BadMessage(self.value, "The message has no list of texts in its field scan_uids.")
        return uids
