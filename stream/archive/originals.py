"""The archive: original files by the sha256 of their bytes, never by a name made from a UID."""

import errno
import re
from collections.abc import Sequence
from pathlib import Path

from stream.archive.durable import TEMP_PREFIX, copy_temp, sync_folder, write_temp
from stream.crash import reach
from stream.errors import CannotStart, SetAside
from stream.vocabulary import ReasonCode

SCHEME = "archive:"
NO_TWO_NAMES = (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Archive:
    """A folder `ab/<sha256>.dcm`, shared by all parts that read pixels or reports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check_folder(self) -> None:
        """Raise CannotStart where there is no archive."""
        if not self.folder.is_dir():
            raise CannotStart(f"The archive {self.folder} is not there: check SCANSTREAM_ARCHIVE_DIR.")

    def take(self, file: Path, sha256: str) -> Path:
        """Take one file as `take_all` does and return its path here."""
        return self.take_all([(file, sha256)])[0]

    def take_all(self, files: Sequence[tuple[Path, str]]) -> list[Path]:
        """Give files, each with its sha256, a durable place here and return their paths; again is no error.

        They stay where they are, as other names of the same bytes. Raises FileNotFoundError where a file is neither
        there nor here, other OSErrors if the archive cannot be written.
        """
        targets = [self._taken(*file) for file in files]
        for folder in dict.fromkeys(target.parent for target in targets):  # last: one commit holds all names
            sync_folder(folder)
        return targets

    def keep(self, content: bytes) -> Path:
        """Write what was made here durably and return its path; keeping it again is no error."""
        self.folder.mkdir(parents=True, exist_ok=True)
        written, sha256 = write_temp(self.folder, [content])
        path = self.take(written, sha256)
        written.unlink()
        return path

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

    def _taken(self, file: Path, sha256: str) -> Path:
        """Where the file lies now, its name not yet durable."""
        target = self.path(sha256)
        if not target.parent.exists():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            reach("archive.folder_made")
            sync_folder(self.folder)
        try:
            _place(file, target)
        except FileNotFoundError:
            if not target.exists():
                raise
        reach("archive.file_taken")
        return target


def _place(file: Path, target: Path) -> None:
    """Name `file` `target` too; copy it where the disk is another one, or gives a file no two names."""
    try:
        target.hardlink_to(file)
    except FileExistsError:
        if not target.samefile(file):  # what has just come is whole, and what lies here may be damaged
            _replace(file, target)
    except OSError as error:
        if error.errno not in NO_TWO_NAMES:
            raise
        copy = copy_temp(file, target.parent)
        reach("archive.file_copied")
        copy.rename(target)


def _replace(file: Path, target: Path) -> None:
    beside = target.with_name(f"{TEMP_PREFIX}{target.name}")
    beside.unlink(missing_ok=True)  # a crash left it
    beside.hardlink_to(file)
    beside.rename(target)
