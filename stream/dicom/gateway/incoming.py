"""A file on its way into the spool: written as its pieces come, never held in memory, hashed and durable when whole."""

import hashlib
import mmap
import os
import secrets
from concurrent.futures import Executor, Future, wait
from pathlib import Path
from typing import Any, NamedTuple

from stream.archive.durable import TEMP_PREFIX
from stream.crash import reach


class IncomingFile:
    """A hidden file (mode 0600) that is not whole yet; the constructor raises OSError.

    What takes no lock of Python's, hash and disk, is left to threads of `beside` as soon as it is whole. Its own thread
    reads it meanwhile; and where others want the processor, a thread that only waits for the disk is woken first.
    """

    def __init__(self, folder: Path, head: bytes, beside: Executor) -> None:
        self._path = folder / f"{TEMP_PREFIX}{secrets.token_hex(8)}"
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._beside = beside
        self._work: _Work | None = None
        self._is_named = False
        self._head_bytes = len(head)
        self.size = 0
        self.write(head)

    def write(self, piece: bytes | memoryview) -> None:
        """Append; after an OSError the file is gone."""
        try:
            written = os.write(self._descriptor, piece)
            while written < len(piece):
                written += os.write(self._descriptor, piece[written:])
        except OSError:
            self.drop()
            raise
        self.size += written

    def dataset(self) -> memoryview:
        """What follows the head, as it lies in the system's page cache, once all has come; raises OSError."""
        return memoryview(self._begun().content)[self._head_bytes :]

    def sha256(self) -> str:
        """sha256 (hex) of what it holds, once all has come; raises OSError."""
        return str(self._begun().hashed.result().hexdigest())

    def give_name(self, name: str, folder: int) -> None:
        """Name it in `folder` (a descriptor) once what it holds is on disk; raises OSError."""
        self._begun().synced.result()
        reach("spool.file_written")
        os.rename(self._path.name, name, src_dir_fd=folder, dst_dir_fd=folder)
        self._is_named = True

    def drop(self) -> None:
        """Close it, and remove it where it has no name yet; again is no error."""
        if self._work and not self._is_named:
            wait([self._work.synced])  # its number may be another file's once it is closed
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if not self._is_named:
            self._path.unlink(missing_ok=True)

    def _begun(self) -> "_Work":
        if self._work is None:
            content = mmap.mmap(self._descriptor, self.size, prot=mmap.PROT_READ)
            synced = self._beside.submit(os.fsync, self._descriptor)
            self._work = _Work(synced, content, self._beside.submit(hashlib.sha256, content))
        return self._work


class _Work(NamedTuple):
    """What goes on beside once a file is whole."""

    synced: Future[None]
    content: mmap.mmap
    hashed: Future[Any]
