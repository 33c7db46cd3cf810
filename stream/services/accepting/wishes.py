"""Carries out what people want done with what was set aside: in the gateway, which has the archive and the vault.

A wish is a row. Whoever wrote it is told at once what the database knows to be wrong with it; the rest is its answer.
"""

import threading
from collections.abc import Callable

from stream import logs
from stream.crash import reach
from stream.errors import AnswerIsNo, WrongUse
from stream.publisher import Publisher
from stream.services.accepting.decisions import SignOff, reject
from stream.services.accepting.releasing import Amendment, KeptFiles, Release
from stream.services.facts.bells import BellMessage, ring_bells
from stream.storage.database import Connection, Outage
from stream.storage.intake.set_asides import find_item
from stream.storage.intake.wishes import DONE, Wish, answer, listen, wait, waiting_wishes
from stream.vocabulary import Decision

PASS_LIMIT = 100
SWEEP_SECONDS = 5.0
"""A wish that nobody was told of, since the gateway was down or Postgres away, waits no longer than this."""
FAILED = "It could not be done ({}): the gateway's log says more."


class WishKeeper:
    """Does what is wanted, the oldest first, again and again until the process ends."""

    def __init__(
        self, connect: Callable[[], Connection], files: Callable[[Connection], KeptFiles], publisher: Publisher
    ) -> None:
        self._connect = connect
        self._files = files
        self._publisher = publisher

    def start(self) -> None:
        """Work in a thread of its own, which ends with the process: what it was at is done when it is back."""
        threading.Thread(target=self._run, name="wishes", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            try:
                with self._connect() as connection:
                    listen(connection)
                    while True:
                        self.carry_out(connection)
                        wait(connection, SWEEP_SECONDS)
            except Outage:
                pass  # the forwarder says that Postgres is away
            except Exception:
                logs.log.error("unexpected: wishes wait and are tried again", exc_info=True)
            pause.wait(SWEEP_SECONDS)

    def carry_out(self, connection: Connection) -> None:
        """Do what is wanted now, and answer."""
        for wish in waiting_wishes(connection, PASS_LIMIT):
            words, bells = self._done(connection, wish)
            reach("wishes.done")
            ring_bells(self._publisher, bells)
            answer(connection, wish, words)
            logs.event("wish_answered", item=wish.item_id, wanted=wish.decision, answer=words)

    def _done(self, connection: Connection, wish: Wish) -> tuple[str, list[BellMessage]]:
        """The answer and the bells to ring. One wish that fails in a way nobody expected holds no other up."""
        try:
            return DONE, self._decide(connection, wish)
        except Outage:
            raise
        except (AnswerIsNo, WrongUse) as error:
            return str(error), []
        except Exception as error:
            logs.log.error("a wish failed: item=%s", wish.item_id, exc_info=True)
            return FAILED.format(type(error).__name__), []

    def _decide(self, connection: Connection, wish: Wish) -> list[BellMessage]:
        """Decide as wanted; where that is done already, by a gateway that ended before it answered, do the rest."""
        sign_off = SignOff(wish.wanted_by, wish.why)
        item = find_item(connection, wish.item_id)
        done = item is not None and (item.decision, item.decided_by) == (wish.decision, wish.wanted_by)
        if wish.decision == Decision.REJECTED:
            if not done:
                reject(connection, wish.item_id, sign_off)
            return []
        release = Release(connection, self._files(connection), Amendment(wish.patient_id, date=wish.acquired), sign_off)
        if item is not None and done:
            return release.go_on(item)
        return release.take_up(wish.item_id)[1]
