"""Construction of a release: the connections, the kept files, and the bells once it is decided."""

from functools import partial

from stream.archive.originals import Archive
from stream.dicom.gateway.released import ArchivedFiles
from stream.services.accepting.decisions import SignOff
from stream.services.accepting.releasing import Amendment, Release
from stream.settings import Settings
from stream.storage.database import connect
from stream.storage.intake.set_asides import SetAsideItem
from stream.wiring.bells import ring
from stream.wiring.pseudonyms import pseudonyms


def release(settings: Settings, item_id: str, amendment: Amendment, sign_off: SignOff) -> list[SetAsideItem]:
    """Let what was set aside count as if nothing had been wrong, with all of its cause; the item itself comes first.

    Raises AnswerIsNo where it cannot be released, WrongUse where something has to be said of it first, and outages.
    """
    with connect(settings, "worker") as worker:
        files = ArchivedFiles(settings, Archive(settings.archive), partial(pseudonyms, settings, worker))
        taking_up = Release(worker, partial(connect, settings, "gateway"), files, amendment, sign_off)
        items, bells = taking_up.take_up(item_id)
    ring(settings, bells)
    return items
