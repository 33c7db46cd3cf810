"""Where a running service listens: `scanstream up` writes it to `DATA_DIR/run/listening.json` for other commands."""

import json

from stream.errors import CannotStart
from stream.local.lock_file import exclusive
from stream.settings import Settings

NAMES = ("dicom_ae_title", "dicom_host", "dicom_port", "dashboard_port")


def is_up(settings: Settings) -> bool:
    """Whether `scanstream up` holds this data folder."""
    lock = settings.run / "up.lock"
    if not lock.exists():
        return False
    try:
        with exclusive(lock, "held"):
            return False
    except CannotStart:
        return True


def note(settings: Settings) -> None:
    """Write down, in one step, where the service of `settings` listens; for who holds the data folder."""
    file = settings.run / "listening.json"
    new = file.with_suffix(".new")
    new.write_text(json.dumps({name: getattr(settings, name) for name in NAMES}))
    new.replace(file)


def as_running(settings: Settings) -> Settings:
    """`settings` with the addresses of the service that runs on their data folder; as they are where none does.

    It may have been started in another shell, with other ports in its environment.
    """
    file = settings.run / "listening.json"
    if not (is_up(settings) and file.exists()):
        return settings
    return settings.model_copy(update=json.loads(file.read_text()))
