"""Faust as one would write it without knowing better: a small app for each row of docs/decisions/kafka-and-faust.md."""

import asyncio
import os
from pathlib import Path
from typing import Any

import faust
from faust.types import StreamT

from stream.agents.app import credentials, run
from stream.endpoints import KafkaLogin, free_port
from tests.faust_rows.workers import released, say

BATCH = 4
SETTINGS: dict[str, dict[str, Any]] = {
    "holes": {"broker_commit_interval": 3600},  # commits when the agent says so
    "waits_empty": {"stream_wait_empty": True},
    "serves_the_web": {"web_enabled": True},
    "idles": {"broker_max_poll_interval": 2, "stream_buffer_maxsize": BATCH},
}


class App(faust.App):
    """Says when its partitions are about to change hands."""

    def on_rebalance_start(self) -> None:
        """Called by Faust before anything else."""
        super().on_rebalance_start()
        say("rebalancing")


class Row:
    """The app of one row; each of its agents reads the topic in its own way."""

    def __init__(self, login: KafkaLogin, topic: str, folder: Path, name: str) -> None:
        common = {
            "store": "memory://",
            "key_serializer": "raw",
            "value_serializer": "raw",
            "web_enabled": False,
            "web_bind": "127.0.0.1",
            "web_port": free_port(),
            "stream_wait_empty": False,
            "topic_disable_leader": True,
            "consumer_auto_offset_reset": "earliest",
            "broker_session_timeout": 6,
            "broker_heartbeat_interval": 2,
            "broker_commit_interval": 0.2,
        }
        settings = {**common, **SETTINGS.get(name, {})}
        broker = {"broker": f"kafka://{login.servers[0]}", "broker_credentials": credentials(login)}
        self.app = App(topic, datadir=folder, **broker, **settings)
        self.topic = self.app.topic(topic, value_type=bytes)
        self._folder = folder

    async def plain(self, stream: StreamT) -> None:
        """Leaves acknowledging to Faust."""
        async for value in stream:
            say("taken", value)
            if value == b"raise":
                raise ValueError
            if value == b"hold":
                await asyncio.Event().wait()  # for ever
            say("done", value)

    async def take(self, stream: StreamT) -> None:
        """Leaves gathering to Faust; no batch is ever done."""
        async for values in stream.take(BATCH, within=3600):
            say("taken", *values)
            if b"raise" in values:
                raise ValueError
            await asyncio.Event().wait()

    async def holes(self, stream: StreamT) -> None:
        """Acknowledges all but the holes, and commits each time."""
        async for event in stream.noack().events():
            if event.value != b"hole":
                event.ack()
                await self.app.consumer.commit()
                say("committed", event.value)

    async def noack(self, stream: StreamT) -> None:
        """Acknowledges what it has done by itself; a message `hold` is done when the test says so."""
        async for event in stream.noack().events():
            say("taken", event.value)
            if event.value == b"hold":
                await released(self._folder)
            say("done", event.value)
            event.ack()

    async def send(self, awaits: bool) -> None:
        """Sends a message and is gone."""
        answer = await self.topic.send(value=b"sent", partition=0)
        say("answered", answer.done())
        if awaits:
            await answer
        os._exit(0)


def main(login: KafkaLogin, topic: str, folder: Path, name: str, concurrency: str = "1") -> None:
    """Run the agent `name`, or `noack` with the settings of that name, until a signal; or send a message and end."""
    row = Row(login, topic, folder, name)
    if name.startswith("send"):
        asyncio.run(row.send(awaits=name == "send and await"))
    row.app.agent(row.topic, concurrency=int(concurrency))(getattr(row, name, row.noack))

    async def assigned(app: faust.App, assigned: set, **_: Any) -> None:
        say("assigned", *sorted(place.partition for place in assigned))

    async def revoked(app: faust.App, revoked: set, **_: Any) -> None:
        say("revoked")

    async def ready() -> None:
        say("ready")

    row.app.on_partitions_assigned.connect(assigned)
    row.app.on_partitions_revoked.connect(revoked)
    row.app.task(ready)
    run(row.app, lambda: None)
