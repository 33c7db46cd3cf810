"""The archive: original files by the sha256 of their bytes, never by a name made from a UID."""

import errno
import re
from collections.abc import Sequence
from pathlib import Path

from stream.archive.durable import copy_temp, sync_folder, write_temp
from stream.crash import reach
from stream.errors import CannotStart, SetAside
from stream.vocabulary import ReasonCode

SCHEME = "archive:"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Archive:
    """A folder `ab/<sha256>.dcm`, shared by all parts that read pixels or reports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check_folder(self) -> None:
        """Raise CannotStart where there is no archive."""
        if not self.folder.is_dir():
            raise CannotStart(f"The archive {self.folder} is not there: check SCANSTREAM_ARCHIVE_DIR.")

    def take(self, spool_file: Path) -> Path:
        """Move `<sha256>.dcm` in durably and return its new path; errors as for `take_all`."""
        return self.take_all([spool_file])[0]

    def take_all(self, spool_files: Sequence[Path]) -> list[Path]:
        """Move files `<sha256>.dcm` in durably and return their new paths; taking one again is no error.

        Raises FileNotFoundError if neither spool nor archive has one, other OSErrors if the archive cannot be written.
        """
        targets = [self._taken(file) for file in spool_files]
        for folder in dict.fromkeys(target.parent for target in targets):  # last: one commit holds all names
            sync_folder(folder)
        return targets

    def keep(self, content: bytes) -> Path:
        """Write what was made here durably and return its path; keeping it again is no error."""
        self.folder.mkdir(parents=True, exist_ok=True)
        written, sha256 = write_temp(self.folder, [content])
        return self.take(written.rename(written.with_name(f"{sha256}.dcm")))

    def path(self, sha256: str) -> Path:
        """Where the file with this hash lies, or would."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError("an archived file is named by the sha256 of its bytes")
        return self.folder / sha256[:2] / f"{sha256}.dcm"

    def lacks(self, sha256: str) -> bool:
        """Whether the file with this hash is missing."""
        return not self.path(sha256).exists()

    def uri(self, sha256: str) -> str:
        """The claim check that travels in messages."""
        return SCHEME + sha256

    def find(self, uri: str) -> Path:
        """Path of what `uri` names; SetAside(decode_failed) if it is not there."""
        path = self.path(uri.removeprefix(SCHEME))
        if not path.exists():
            raise SetAside(ReasonCode.DECODE_FAILED, "The archive does not have this file.")
        return path

    def _taken(self, spool_file: Path) -> Path:
        """Where the file lies now, its name not yet durable."""
        target = self.path(spool_file.stem)
        if not target.parent.exists():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            reach("archive.folder_made")
            sync_folder(self.folder)
        try:
            self._move(spool_file, target)
        except FileNotFoundError:
            if not target.exists():
                raise
        reach("archive.file_moved")
        return target

    @staticmethod
    def _move(source: Path, target: Path) -> None:
        try:
            source.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            copy_temp(source, target.parent).rename(target)
            reach("archive.file_copied")
            source.unlink(missing_ok=True)
