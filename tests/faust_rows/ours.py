"""Our app with a handler that a test can make fail, wait and go on: messages say what it is to do."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import faust

from stream.agents import app as agents
from stream.agents import stalled_partitions
from stream.agents.app import add_agents, new_app, run
from stream.endpoints import KafkaLogin
from stream.messages import Letter
from stream.publisher import unread
from tests.faust_rows.broker import PARTITIONS
from tests.faust_rows.workers import released, say


class Handler:
    """Says what it has taken and what it has done."""

    def __init__(self, app: faust.App, folder: Path, heals: bool) -> None:
        self._app = app
        self._folder = folder
        self._heals = heals

    async def __call__(self, letters: Sequence[Letter]) -> None:
        """Handle a batch, with what its messages ask for."""
        values = [letter.value.decode() for letter in letters]
        say("taken", *values)
        for value in values:
            await self._obey(*value.split())
        say("done", *values)

    async def _obey(self, word: str, *rest: str) -> None:
        if word == "work":
            await asyncio.sleep(0.005)
        elif word == "until":
            while self._app.monitor.messages_received_total < int(rest[0]):
                await asyncio.sleep(0.01)
        elif word == "hold" and not self._heals:
            await released(self._folder)
        elif word == "stall" and not self._heals:
            stalled_partitions.STALLED_SECONDS = 2.0
            self._app.consumer.stop_flow()  # as Faust does for a rebalance, and may forget to undo
        elif word == "raise" and not self._heals:
            raise ZeroDivisionError("nobody thought of this")
        elif word == "cancel" and not self._heals:
            raise asyncio.CancelledError


def main(login: KafkaLogin, topic: str, folder: Path, *words: str) -> None:
    """Read `topic` and the topics among `words` until a signal; with the word `healed` nothing fails or waits."""
    agents.LOOK_SECONDS = 1.0  # a partition that stalls is seen at the second look
    app = new_app(topic, login, folder, PARTITIONS)
    app.conf.broker_session_timeout, app.conf.broker_heartbeat_interval = 6, 2  # the least that the broker allows
    app.conf.broker_commit_interval = 0.2
    handler = Handler(app, folder, heals="healed" in words)
    add_agents(app, dict.fromkeys({topic, *words} - {"healed"}, handler), partial(unread, login, topic))

    async def assigned(app: faust.App, assigned: set, **_: Any) -> None:
        say("assigned", *sorted(place.partition for place in assigned if place.topic == topic))

    async def received() -> None:
        said = 0
        while True:
            if (number := app.monitor.messages_received_total) > said:
                say("received", said := number)
            await asyncio.sleep(0.02)

    app.on_partitions_assigned.connect(assigned)
    app.task(received)
    run(app, lambda: None)
