"""The last link of the audit log that was seen, kept in a file: whoever owns the database cannot write there."""

import json
from pathlib import Path

from stream.archive.durable import sync_folder, write_temp
from stream.errors import CannotStart

FOLDER, NAME = "audit", "last.json"


class AuditWitness:
    """Knows the number and the digest of the row that was last in the log, in the archive of all parts."""

    def __init__(self, archive: Path) -> None:
        self._file = archive / FOLDER / NAME

    def last(self) -> tuple[int, bytes] | None:
        """What was noted; None where nothing was. Raises OSError, and CannotStart where somebody else wrote there."""
        try:
            noted = json.loads(self._file.read_text())
            return int(noted["seq"]), bytes.fromhex(noted["digest"])
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError):
            raise CannotStart(
                f"{self._file} is no note of the audit log: find out who wrote there, then remove it."
            ) from None

    def note(self, seq: int, digest: bytes) -> None:
        """From now on this is what was last; raises OSError."""
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        written, _ = write_temp(self._file.parent, [json.dumps({"seq": seq, "digest": digest.hex()}).encode()])
        written.replace(self._file)
        sync_folder(self._file.parent)
