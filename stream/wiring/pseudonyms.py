"""The pseudonyms of this service, from its key file."""

from stream.dicom.pseudonyms import Pseudonyms, load_or_make_key
from stream.errors import CannotStart
from stream.settings import Settings
from stream.storage.database import Connection
from stream.storage.patients.vault import has_patients


def pseudonyms(settings: Settings, connection: Connection) -> Pseudonyms:
    """The pseudonyms of this service; CannotStart when the key is missing while patients exist."""
    path = settings.pseudonym_key_file
    if not path.exists() and has_patients(connection):
        raise CannotStart(
            f"The pseudonym key {path} is missing while patients exist: restore it, a new key would change every id."
        )
    return Pseudonyms(load_or_make_key(path))
