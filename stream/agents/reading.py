"""Where a worker begins to read: at what its group has committed, if the partition reaches that far.

A Kafka that lost its data may be told by a worker, which still was to commit, how far the lost topics went. Faust
(0.15.3) then drops without a word whatever comes, until as much has come as was lost. Where more has come already, the
sweep rings again for what is stepped over.
"""

import logging
from collections.abc import Sequence

import faust
from faust.transport.drivers import aiokafka
from yarl import URL

from stream import logs


class Consumer(aiokafka.Consumer):
    """Faust's own, which reads a partition from its start where the committed offset lies beyond its end."""

    async def perform_seek(self) -> None:
        """Called by Faust whenever partitions were given out."""
        await super().perform_seek()
        committed = {place: offset for place, offset in self._committed_offset.items() if offset}
        ends = await self.highwaters(*committed) if committed else {}
        for place, offset in committed.items():
            if offset > ends[place]:
                self._committed_offset[place] = None
                await self.seek(place, 0)
                logs.event("kafka_lost_messages", level=logging.WARNING, topic=place.topic, partition=place.partition,
                           committed=offset, end=ends[place], then="it is read from its start")  # fmt: skip


class Transport(aiokafka.Transport):
    """Faust's way to Kafka with our consumer."""

    Consumer = Consumer


def read_what_is_there(app: faust.App, servers: Sequence[str]) -> None:
    """Let `app` read from `servers` (host:port each) by `Consumer`."""
    app.transport = Transport([URL(f"kafka://{server}") for server in servers], app)
