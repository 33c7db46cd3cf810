"""Pseudonyms: keyed hashes that stand for patients, studies, lesions and instances outside vault, spool and archive."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from stream.crash import reach
from stream.errors import CannotStart

KEY_BYTES = 32


def load_or_make_key(path: Path) -> bytes:
    """The pseudonym key (32 bytes) kept as hex in `path`, made once with mode 0600; CannotStart if it is unusable.

    A key that is missing while patients exist must not be made anew (every id would change): the caller checks that.
    """
    with suppress(FileExistsError):
        _make_key(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise CannotStart(f"The pseudonym key {path} cannot be read ({error}); restore it from your backup.") from None
    if len(key) != KEY_BYTES:
        raise CannotStart(
            f"The pseudonym key {path} is damaged: it must hold 64 hex digits; restore it from your backup."
        )
    return key


def _make_key(path: Path) -> None:
    """Write beside, then link: two parts that start together agree on one key, and none reads half of it."""
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise CannotStart(f"The pseudonym key {path} cannot be made ({error.strerror}); check KEY_FILE.") from None
    reach("key.written")
    try:
        os.link(beside, path)
        reach("key.named")
    finally:
        beside.unlink()


class Pseudonyms:
    """The ids of docs/interfaces.md 4, each HMAC-SHA256 over the JSON of its parts."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def patient_id(self, issuer: str, mrn: str) -> str:
        """`P` + 26 base32 characters; blanks around the hospital's ID do not count, upper and lower case do."""
        return "P" + base64.b32encode(self._hash("patient", issuer, mrn.strip())).decode("ascii")[:26]

    def scan_uid(self, study_uid: str) -> str:
        """UID (2.25.…) that stands for a study."""
        return self._uid("study", study_uid)

    def instance_uid(self, sop_uid: str) -> str:
        """UID (2.25.…) that stands for an instance."""
        return self._uid("instance", sop_uid)

    def corrected_uid(self, instance_uid: str, content_sha256: str) -> str:
        """UID (2.25.…) of other content that was released under the SOP Instance UID that `instance_uid` stands for."""
        return self._uid("instance", instance_uid, content_sha256)

    def series_uid(self, uid: str) -> str:
        """UID (2.25.…) that stands for a series."""
        return self._uid("series", uid)

    def frame_uid(self, uid: str) -> str:
        """UID (2.25.…) that stands for a frame of reference."""
        return self._uid("frame", uid)

    def lesion_uid(self, tracking_uid: str) -> str:
        """UID (2.25.…) of a lesion that is followed by its Tracking UID (0062,0021) or (112040, DCM)."""
        return self._uid("lesion", tracking_uid)

    def lesion_uid_without_tracking(self, patient_id: str, tracking_identifier: str) -> str:
        """UID (2.25.…) of a lesion that only has a label: the same label of the same patient is the same lesion."""
        return self._uid("lesion", patient_id, tracking_identifier)

    def sender(self, ae_title: str) -> str:
        """`sender-` + 8 base32 characters: stands for an AE title that names a patient, and has room where one has."""
        return f"sender-{base64.b32encode(self._hash('sender', ae_title)).decode('ascii')[:8]}"

    def import_uid(self, patient_id: str, date: dt.date) -> str:
        """UID (2.25.…) of the scan that an imported visit makes."""
        return self._uid("import", patient_id, date.isoformat())

    def _uid(self, *parts: str) -> str:
        return f"2.25.{int.from_bytes(self._hash(*parts)[:16], 'big')}"

    def _hash(self, *parts: str) -> bytes:
        return hmac.new(self._key, json.dumps(parts).encode("ascii"), hashlib.sha256).digest()
