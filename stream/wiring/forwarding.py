"""The forwarder in a process of its own, so that what it computes holds up nobody who sends."""

import multiprocessing
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from functools import partial

from stream.archive.originals import Archive
from stream.dicom.gateway.forwarder import Forwarder
from stream.dicom.gateway.spool import Spool
from stream.dicom.header_reading import HeaderReader
from stream.endpoints import kafka_login
from stream.errors import CannotStart, WrongUse
from stream.publisher import Publisher
from stream.services.accepting.wishes import WishKeeper
from stream.settings import Settings
from stream.storage.database import connect
from stream.wiring.pseudonyms import compared_pseudonyms
from stream.wiring.releasing import kept_files

RING, STOP = b"r", b"s"
ENDS: dict[str, type[Exception]] = {error.__name__: error for error in (CannotStart, WrongUse)}
"""What a person has to mend before the gateway can work: told by the gateway itself, as every other part tells it."""

NICER = 5
"""So much less than the receiver it asks for the processor: a sender waits for its answer, the spool can wait."""


class Forwarding:
    """Forwards what the spool holds, and does what people want of what was set aside; ends with the gateway.

    It is forked: to be made and started before the gateway has threads.
    """

    def __init__(self, settings: Settings, spool: Spool) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)  # who rings does not wait: there is enough to be heard
        run = partial(_run, settings, spool, self._ours, self._theirs)
        self._process = multiprocessing.get_context("fork").Process(target=run, name="forwarder", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._process.start()
        self._theirs.close()

    def ring(self) -> None:
        """Something was kept."""
        self._say(RING)

    def stop(self) -> None:
        """Let it end after the batch in hand."""
        self._ours.setblocking(True)  # this word must not be lost
        self._say(STOP)

    def wait(self) -> None:
        """Until it has ended; raises CannotStart or WrongUse as it did, and else ends this process as it has ended."""
        self._process.join()
        with suppress(ConnectionResetError):  # it ended in the middle of listening
            kind, _, words = self._ours.recv(4096).decode().partition(" ")
            if kind in ENDS:
                raise ENDS[kind](words)
        code = self._process.exitcode or 0
        if code < 0:
            os.kill(os.getpid(), -code)
        if code > 0:
            sys.exit(code)

    def _say(self, word: bytes) -> None:
        with suppress(OSError):  # it does not listen: it has ended, or has not heard all the others yet
            self._ours.send(word)


def _run(settings: Settings, spool: Spool, parent: socket.socket, connection: socket.socket) -> None:
    parent.close()
    os.nice(NICER)
    headers = HeaderReader(settings)
    forwarder = Forwarder(
        settings,
        spool,
        Archive(settings.archive),
        partial(connect, settings, "gateway"),
        Publisher(kafka_login(settings, "gateway"), settings.partitions),
        lambda gateway: compared_pseudonyms(settings, gateway, gateway),
        headers,
    )
    wishes = WishKeeper(
        partial(connect, settings, "gateway"),
        partial(kept_files, settings, headers),
        Publisher(kafka_login(settings, "gateway"), settings.partitions),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: forwarder.stop())
    threading.Thread(target=_listen, args=(connection, forwarder), name="bell", daemon=True).start()
    wishes.start()
    try:
        forwarder.run()
    except tuple(ENDS.values()) as error:
        connection.sendall(f"{type(error).__name__} {error}".encode())


def _listen(connection: socket.socket, forwarder: Forwarder) -> None:
    while words := connection.recv(4096):
        if STOP in words:
            forwarder.stop()
            return
        forwarder.ring()
    os._exit(1)  # the gateway is dead; another one may have begun
