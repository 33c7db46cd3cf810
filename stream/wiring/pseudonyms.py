"""The pseudonyms of this service, from its key file."""

from stream.dicom.pseudonyms import Pseudonyms, load_or_make_key
from stream.errors import CannotStart
from stream.settings import Settings
from stream.storage.database import Connection, connect
from stream.storage.patients.vault import has_patients, some_scan


def pseudonyms(settings: Settings, connection: Connection) -> Pseudonyms:
    """The pseudonyms of this service; CannotStart when the key is missing while patients exist."""
    path = settings.pseudonym_key_file
    if not path.exists() and has_patients(connection):
        raise CannotStart(
            f"The pseudonym key {path} is missing while patients exist: restore it, a new key would change every id."
        )
    return Pseudonyms(load_or_make_key(path))


def check_key(settings: Settings) -> None:
    """Raise CannotStart where the pseudonym key is missing while patients exist, or is not that of these patients."""
    with connect(settings, "gateway") as gateway:
        compared_pseudonyms(settings, gateway, gateway)


def compared_pseudonyms(settings: Settings, connection: Connection, vault: Connection) -> Pseudonyms:
    """The pseudonyms of this service; CannotStart also when the key is not that of the patients in the `vault`.

    Only the roles gateway and vault may look there; a worker relies on the gateway.
    """
    ids, known = pseudonyms(settings, connection), some_scan(vault)
    if known and ids.scan_uid(known[0]) != known[1]:
        raise CannotStart(
            f"The pseudonym key {settings.pseudonym_key_file} is not that of the patients who are here: "
            "restore it from your backup, another key would change every id."
        )
    return ids
