"""Faust's consumer, made to read a partition from its start where Kafka has less than the group has committed.

A Kafka that lost its data may be told by a worker, which still was to commit, how far the lost topics went. The client
then begins at the start, and Faust (0.15.3) drops without a word whatever comes, until as much has come as was lost.
Where more has come already, the sweep rings again for what is stepped over.

Needless as soon as a version of faust-streaming resets its own `_read_offset` when a partition begins anew (none does
up to 0.15.3): tests/faust_rows/test_rows.py fails then, since it shows what plain Faust drops, and so does
tests/agents/test_consumer.py where the two fields that are set here no longer exist.
"""

import logging
from collections.abc import AsyncIterator

import faust
from faust.transport.drivers import aiokafka
from faust.types import TP, Message

from stream import logs


class Consumer(aiokafka.Consumer):
    """Faust's own, which believes what comes more than the offset it began with."""

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """Called by Faust for what has arrived within `timeout` seconds."""
        async for place, message in super().getmany(timeout):
            expected = self._read_offset[place] or 0
            if message.offset < expected:
                _log_loss(place, expected, message.offset)
                self._read_offset[place] = self._committed_offset[place] = None
            yield place, message


class Transport(aiokafka.Transport):
    """Faust's way to Kafka with our consumer."""

    Consumer = Consumer


def read_what_is_there(app: faust.App) -> None:
    """Let `app` read its broker by `Consumer`."""
    app.transport = Transport(app.conf.broker_consumer, app)


def _log_loss(place: TP, expected: int, offset: int) -> None:
    fields = {"topic": place.topic, "partition": place.partition, "expected": expected, "found": offset}
    logs.event("kafka_lost_messages", level=logging.WARNING, **fields, then="it is read from its start")
