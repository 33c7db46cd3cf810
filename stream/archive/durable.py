"""Writing files so that they survive a power cut: temp name, fsync, rename, and the folder's own fsync last."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

TEMP_PREFIX = ".writing-"


def write_temp(folder: Path, chunks: Iterable[bytes | memoryview]) -> tuple[Path, str]:
    """Write and fsync a hidden file (mode 0600) in `folder`; its path and the sha256 (hex) of what it holds."""
    path = folder / f"{TEMP_PREFIX}{secrets.token_hex(8)}"
    digest = hashlib.sha256()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path, digest.hexdigest()


def copy_temp(source: Path, folder: Path) -> Path:
    """A fsynced hidden copy of `source` in `folder`, for folders on another file system."""
    path = folder / f"{TEMP_PREFIX}{secrets.token_hex(8)}"
    try:
        with source.open("rb") as reading, path.open("xb") as writing:
            shutil.copyfileobj(reading, writing, 1 << 20)
            writing.flush()
            os.fsync(writing.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
