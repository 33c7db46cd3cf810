"""Noting where the audit log ends, so that nobody cuts it there or writes it anew without being noticed.

Each row's digest covers the row before, which shows a change in the middle; the end is shown by what was seen of it.
"""

import logging

from stream import logs
from stream.archive.audit_witness import AuditWitness
from stream.errors import CannotStart
from stream.storage.audit import has_link, last_link
from stream.storage.database import Connection


class Witnessing:
    """To be called every few seconds; what it has once seen cut it says once, and goes on knowing the old end."""

    def __init__(self, witness: AuditWitness) -> None:
        self._witness = witness
        self._told = False

    def look(self, connection: Connection) -> None:
        """Note the end of the log if all that was noted before still stands in it."""
        try:
            noted, newest = self._witness.last(), last_link(connection)
            if noted and not has_link(connection, *noted):
                self._tell("audit_log_cut", seq=noted[0])
            elif newest and newest != noted:
                self._witness.note(*newest)
        except (OSError, CannotStart) as error:
            self._tell("audit_log_not_witnessed", error=type(error).__name__)

    def _tell(self, event: str, **fields: object) -> None:
        if not self._told:
            logs.event(event, level=logging.ERROR, **fields)
        self._told = True
