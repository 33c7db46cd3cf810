"""Who files were sent by: an AE title that names a patient stays inside, and its pseudonym is written instead."""

from collections.abc import Sequence
from dataclasses import replace

from stream.services.accepting.arrivals import ReceivedFile
from stream.storage.database import Connection
from stream.storage.intake.receipts import known_senders, rename_sender
from stream.storage.intake.refusals import rename_refused
from stream.storage.patients.naming import name_anybody


def with_safe_senders(connection: Connection, files: Sequence[ReceivedFile]) -> list[ReceivedFile]:
    """`files`, from the pseudonym of each AE title that names a patient; in the caller's transaction.

    A title that did so once has its pseudonym for good, and what is written of it so far is given it too: the same
    sender is one sender.
    """
    pseudonyms = {file.calling_ae: file.pseudonym for file in files if file.pseudonym}
    known = known_senders(connection, pseudonyms.values())
    hidden = {title: pseudonym for title, pseudonym in pseudonyms.items() if pseudonym in known}
    others = {title: pseudonym for title, pseudonym in pseudonyms.items() if title not in hidden}
    named = {file.calling_ae for file in files if file.names_sender} | name_anybody(connection, others)
    for title in sorted(others.keys() & named):
        hidden[title] = others[title]
        rename_sender(connection, title, others[title])
        rename_refused(connection, title, others[title])
    return [replace(file, calling_ae=hidden.get(file.calling_ae, file.calling_ae)) for file in files]
