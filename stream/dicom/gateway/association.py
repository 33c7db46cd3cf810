"""One association from its agreement to its end: C-ECHO and C-STORE, each answered before the next is looked at."""

import logging
from collections.abc import Callable
from typing import Protocol

from stream import logs
from stream.dicom.gateway.commands import (
    C_CANCEL,
    C_ECHO,
    C_STORE,
    MAX_COMMAND_BYTES,
    RESPONSE,
    Command,
    NoCommand,
    answer,
    read_command,
)
from stream.dicom.gateway.negotiation import Context
from stream.dicom.gateway.pdus import BY_USER, Breach, Fragment, HungUp, PduLine

SUCCESS = 0x0000


class Storing(Protocol):
    """An object on its way in."""

    def take(self, piece: memoryview) -> None:
        """More of its dataset; raises Breach where it is beyond all bounds."""

    def keep(self) -> tuple[int, str]:
        """It is whole: the status and comment that the sender hears."""

    def drop(self) -> None:
        """Let it go: what was not kept is removed."""


class Association:
    """What a sender says on `line` under the agreed contexts; `store` is called for each object that begins."""

    def __init__(
        self, line: PduLine, contexts: dict[int, Context], store: Callable[[Command, Context], Storing]
    ) -> None:
        self._line, self._contexts, self._store = line, contexts, store
        self._command = bytearray()
        self._request: tuple[Command, int] | None = None
        self._storing: Storing | None = None

    def serve(self) -> None:
        """Answer until the sender releases, aborts or is gone, or has to be aborted."""
        try:
            for fragment in self._line.fragments():
                self._take(fragment)
            self._line.release()
        except Breach as breach:
            logs.event("association_aborted", logging.WARNING, reason=breach)
            self._line.abort(breach.source)
        except (HungUp, OSError):
            if self._line.is_stopped:
                self._line.abort(BY_USER)
        finally:
            if self._storing:
                self._storing.drop()

    def stop(self) -> None:
        """From another thread: end it after the message in hand."""
        self._line.stop()

    def _take(self, fragment: Fragment) -> None:
        if fragment.is_command:
            self._take_command(fragment)
        else:
            self._take_data(fragment)

    def _take_command(self, fragment: Fragment) -> None:
        self._command += fragment.data
        if self._request or len(self._command) > MAX_COMMAND_BYTES:
            raise Breach("a command where none belongs, or too long a one")
        if not fragment.is_last:
            return
        try:
            command = read_command(bytes(self._command))
        except NoCommand:
            raise Breach("a command cannot be read") from None
        self._command.clear()
        self._begin(command, fragment.context_id)

    def _begin(self, command: Command, context_id: int) -> None:
        context = self._contexts.get(context_id)
        if context is None:
            raise Breach("a message in a context that was not agreed on", BY_USER)
        if command.field == C_STORE:
            self._storing = self._store(command, context)
        elif command.field not in (C_ECHO, C_CANCEL) and not command.field & RESPONSE:
            raise Breach("a request for a service that is not offered", BY_USER)
        self._request = command, context_id
        if not command.has_dataset:
            self._end(command, context_id)

    def _take_data(self, fragment: Fragment) -> None:
        if self._request is None or fragment.context_id != self._request[1]:
            raise Breach("data without a command")
        if self._storing:
            self._storing.take(fragment.data)
        if fragment.is_last:
            self._end(*self._request)

    def _end(self, command: Command, context_id: int) -> None:
        """The message is whole."""
        self._request = None
        if self._storing:
            self._line.send(context_id, answer(command, *self._storing.keep()))
            self._storing.drop()
            self._storing = None
        elif command.field == C_ECHO:
            self._line.send(context_id, answer(command, SUCCESS))
        self._line.message_ended()
