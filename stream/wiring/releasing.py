"""Construction of a release: the connections, the kept files, and the bells once it is decided."""

from contextlib import closing
from functools import partial

from stream.archive.originals import Archive
from stream.dicom.gateway.peers import read_peers, with_issuers
from stream.dicom.gateway.released import ArchivedFiles
from stream.dicom.header_reading import HeaderReader
from stream.services.accepting.decisions import SignOff
from stream.services.accepting.releasing import Amendment, Release
from stream.settings import Settings
from stream.storage.database import Connection, connect
from stream.storage.intake.set_asides import SetAsideItem
from stream.wiring.bells import ring
from stream.wiring.pseudonyms import compared_pseudonyms


def release(settings: Settings, item_id: str, amendment: Amendment, sign_off: SignOff) -> list[SetAsideItem]:
    """Let what was set aside count as if nothing had been wrong, with all of its cause; the item itself comes first.

    Raises AnswerIsNo where it cannot be released, WrongUse where something has to be said of it first, and outages.
    """
    with closing(HeaderReader(settings)) as headers, connect(settings, "gateway") as gateway:
        files = kept_files(settings, headers, gateway)
        items, bells = Release(gateway, files, amendment, sign_off).take_up(item_id)
    ring(settings, bells)
    return items


def kept_files(settings: Settings, headers: HeaderReader, gateway: Connection) -> ArchivedFiles:
    """What a release needs of the archive and of the pseudonyms."""
    told = with_issuers(settings, read_peers(settings.peers))
    return ArchivedFiles(
        told, Archive(settings.archive), partial(compared_pseudonyms, settings, gateway, gateway), headers.patiently
    )
