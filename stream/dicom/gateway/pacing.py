"""The pace of senders that have one: who sends faster waits for the answer, and so sends slower."""

import threading
import time

from stream.dicom.gateway.peers import Peer


class Pacing:
    """When each sender is answered; for many threads, as a sender may have several associations."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next_at: dict[str, float] = {}
        self._stopped = threading.Event()

    def keep(self, peer: Peer) -> None:
        """Return when the next file of `peer` may be answered."""
        if peer.files_per_minute is None:
            return
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next_at.get(peer.ae_title, now))
            self._next_at[peer.ae_title] = at + 60.0 / peer.files_per_minute
        self._stopped.wait(at - now)

    def stop(self) -> None:
        """Nobody waits any more."""
        self._stopped.set()
