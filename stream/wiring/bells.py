"""Ringing for facts that a command has kept as rows: where Kafka is away, the workers' sweep rings later."""

import logging
from collections.abc import Mapping, Sequence

from stream import logs
from stream.endpoints import kafka_servers
from stream.publisher import Publisher, PublishFailed
from stream.settings import Settings

Bell = tuple[str, str, Mapping[str, object]]
"""Topic, received_as, message."""


def patient_bell(received_as: str) -> Bell:
    """Tells that something about a patient has changed."""
    return "patient-events", received_as, {"kind": "bell", "received_as": received_as}


def ring(settings: Settings, bells: Sequence[Bell]) -> None:
    """Tell the workers; where Kafka is away nothing is lost, their sweep finds what was kept."""
    publisher = Publisher(kafka_servers(settings), settings.partitions)
    try:
        for topic, key, message in bells:
            publisher.publish(topic, key, message)
        publisher.flush()
    except PublishFailed as error:
        logs.event("bells_not_rung", level=logging.WARNING, waiting=len(bells), error=error,
                   then="the facts are kept, the workers' sweep rings once Kafka is back")  # fmt: skip
    finally:
        publisher.close()
