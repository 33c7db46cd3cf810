"""A file on its way into the spool: written and hashed as its pieces come, never held in memory."""

import hashlib
import mmap
import os
import secrets
from pathlib import Path

from stream.archive.durable import TEMP_PREFIX


class IncomingFile:
    """A hidden file (mode 0600) that is not whole yet; the constructor raises OSError."""

    def __init__(self, folder: Path, head: bytes) -> None:
        self._path = folder / f"{TEMP_PREFIX}{secrets.token_hex(8)}"
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._digest = hashlib.sha256()
        self._head_bytes = len(head)
        self.size = 0
        self.write(head)

    def write(self, piece: bytes | memoryview) -> None:
        """Append; after an OSError the file is gone."""
        self._digest.update(piece)
        try:
            written = os.write(self._descriptor, piece)
            while written < len(piece):
                written += os.write(self._descriptor, piece[written:])
        except OSError:
            self.drop()
            raise
        self.size += written

    def dataset(self) -> memoryview:
        """What follows the head, as it lies in the system's page cache."""
        if self.size == self._head_bytes:
            return memoryview(b"")
        return memoryview(mmap.mmap(self._descriptor, self.size, prot=mmap.PROT_READ))[self._head_bytes :]

    def make_durable(self) -> tuple[Path, str]:
        """Its path and the sha256 (hex) of what it holds, once that is on disk; raises OSError."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
        return self._path, self._digest.hexdigest()

    def drop(self) -> None:
        """Remove it; once removed or renamed is no error."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._path.unlink(missing_ok=True)
