"""Sending files by C-STORE as they are: each in its own transfer syntax, asking for the contexts needed and no more."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID, MediaStorageDirectoryStorage
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from stream.dicom.gateway.network import answers_to_senders, without_delay
from stream.errors import CannotStart

MAX_CONTEXTS = 128  # PS3.8 9.3.2.2: context ids are odd and fit a byte
MEANINGS = {
    0x0000: "stored",
    0xA700: "refused: out of resources",
    0xA900: "refused: the dataset does not match its SOP class",
    0xC000: "refused: cannot be understood",
}
UNSUPPORTED = "refused: SOP class or transfer syntax not supported"
NO_OBJECT = "not sent: a DICOMDIR lists files and is no object"


@dataclass(frozen=True)
class SendResult:
    """What became of one file; `status` is the C-STORE status, None where no answer came."""

    path: Path
    status: int | None
    meaning: str


Context = tuple[str, str]  # SOP class, transfer syntax


def files_in(paths: Sequence[Path]) -> list[Path]:
    """The files that `paths` name, folders searched through, in a stable order."""
    groups = (sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path] for path in paths)
    return [path for group in groups for path in group]


def send(paths: Sequence[Path], host: str, port: int, called_ae: str, calling_ae: str) -> Iterator[SendResult]:
    """Send files and folders and yield what became of each; CannotStart if nobody answers at HOST:PORT."""
    contexts: dict[Context, list[Path]] = {}
    for path in files_in(paths):
        try:
            context = _context(path)
            if context[0] == MediaStorageDirectoryStorage:
                yield SendResult(path, None, NO_OBJECT)
            else:
                contexts.setdefault(context, []).append(path)
        except Exception as error:  # pydicom raises what it likes on files that are no DICOM
            why = f"it cannot be read ({error.strerror})" if isinstance(error, OSError) else "no DICOM file"
            yield SendResult(path, None, f"not sent: {why}")
    wanted = list(contexts)
    for start in range(0, len(wanted), MAX_CONTEXTS):
        batch = wanted[start : start + MAX_CONTEXTS]
        association = _associate([build_context(*context) for context in batch], host, port, called_ae, calling_ae)
        try:
            for context in batch:
                yield from (_send_one(association, path, context) for path in contexts[context])
        finally:
            if association.is_established:
                association.release()


def _context(path: Path) -> Context:
    meta = read_file_meta_info(path)
    return str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)


def _associate(
    contexts: list[PresentationContext], host: str, port: int, called_ae: str, calling_ae: str
) -> Association:
    association = AE(ae_title=calling_ae).associate(
        host, port, contexts, called_ae, evt_handlers=[(evt.EVT_CONN_OPEN, without_delay)]
    )
    answers_to_senders(association)
    if association.is_rejected:
        raise CannotStart(f"{host}:{port} refuses the association: is {called_ae} its AE title?")
    if not association.is_established and not association.rejected_contexts:
        raise CannotStart(f"{called_ae}@{host}:{port} does not answer; is it running, and are host and port right?")
    return association


def _send_one(association: Association, path: Path, context: Context) -> SendResult:
    refused = f"{UNSUPPORTED} ({UID(context[0]).name}, {UID(context[1]).name})"
    if not association.is_established:
        lost = bool(association.accepted_contexts)
        return SendResult(path, None, "not sent: the connection was lost" if lost else refused)
    try:
        answer = association.send_c_store(path)
    except ValueError:  # no context was accepted for it
        return SendResult(path, None, refused)
    if "Status" not in answer:
        return SendResult(path, None, "no answer: the connection was lost")
    meaning = MEANINGS.get(answer.Status, f"status 0x{answer.Status:04X}")
    comment = answer.get("ErrorComment")
    return SendResult(path, answer.Status, f"{meaning} ({comment})" if comment else meaning)
