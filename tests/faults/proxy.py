"""A network that can be cut: a TCP proxy before Postgres or Kafka that holds back or drops what passes."""

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Self

import psutil

CHUNK = 65536
COMMITTED = b"C\0\0\0\x0bCOMMIT\0"
"""Postgres's CommandComplete of a COMMIT: who has not seen it cannot know whether the transaction counts."""


class Proxy:
    """Listens on `port` of this machine and passes on to what `connect` opens; use as a context."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._held: frozenset[int] = frozenset()
        self._changed = threading.Condition()
        self._to_cut: int | None = None
        self.commits_cut = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.hold(())

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._listener.getsockname()[1]

    def hold(self, pids: Iterable[int]) -> None:
        """From now on let nothing pass between these processes and the server, and all else."""
        with self._changed:
            self._held = frozenset(pids)
            self._changed.notify_all()

    def cut_commit(self, pid: int) -> None:
        """Drop the connection of this process on which a COMMIT is answered next, instead of passing the answer on."""
        with self._changed:
            self._to_cut = pid

    @property
    def cuts(self) -> bool:
        """Whether that is still to come."""
        return self._to_cut is not None

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, address = self._listener.accept()
                threading.Thread(target=self._serve, args=(client, address[1]), daemon=True).start()

    def _serve(self, client: socket.socket, client_port: int) -> None:
        pid = _owner(client_port)
        with client, suppress(OSError), self._connect() as server:
            asking = threading.Thread(target=self._pass, args=(client, server, pid), daemon=True)
            asking.start()
            self._pass(server, client, pid, answers=True)
            asking.join()

    def _pass(self, source: socket.socket, target: socket.socket, pid: int | None, answers: bool = False) -> None:
        """Pass on until one side ends, then let the other know."""
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                with self._changed:
                    self._changed.wait_for(lambda: pid not in self._held)
                if answers and COMMITTED in chunk and self._cuts_this(pid):
                    break
                target.sendall(chunk)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cuts_this(self, pid: int | None) -> bool:
        with self._changed:
            if self._to_cut is None or self._to_cut != pid:
                return False
            self._to_cut = None
            self.commits_cut += 1
        return True


def _owner(port: int) -> int | None:
    """The process that holds the connection from `port` of this machine."""
    ends = (one for one in psutil.net_connections("tcp") if one.laddr.port == port)
    return next((one.pid for one in ends if one.raddr), None)
