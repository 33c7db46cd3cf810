"""Construction of a release: the connections, the kept files, and the bells once it is decided."""

from functools import partial

from stream.archive.originals import Archive
from stream.dicom.gateway.peers import read_peers, with_issuers
from stream.dicom.gateway.released import ArchivedFiles
from stream.services.accepting.decisions import SignOff
from stream.services.accepting.releasing import Amendment, Release
from stream.settings import Settings
from stream.storage.database import Connection, connect
from stream.storage.intake.set_asides import SetAsideItem
from stream.wiring.bells import ring
from stream.wiring.pseudonyms import pseudonyms


def release(settings: Settings, item_id: str, amendment: Amendment, sign_off: SignOff) -> list[SetAsideItem]:
    """Let what was set aside count as if nothing had been wrong, with all of its cause; the item itself comes first.

    Raises AnswerIsNo where it cannot be released, WrongUse where something has to be said of it first, and outages.
    """
    with connect(settings, "gateway") as gateway:
        items, bells = Release(gateway, kept_files(settings, gateway), amendment, sign_off).take_up(item_id)
    ring(settings, bells)
    return items


def kept_files(settings: Settings, gateway: Connection) -> ArchivedFiles:
    """What a release needs of the archive and of the pseudonyms."""
    told = with_issuers(settings, read_peers(settings.peers))
    return ArchivedFiles(told, Archive(settings.archive), partial(pseudonyms, settings, gateway))
