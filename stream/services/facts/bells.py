"""Ringing for facts that a command has kept as rows: where Kafka is away, the workers' sweep rings later."""

import logging
from collections.abc import Mapping, Sequence

from stream import logs
from stream.publisher import Publisher, PublishFailed

BellMessage = tuple[str, str, Mapping[str, object]]
"""Topic, received_as, message."""


def patient_bell(received_as: str) -> BellMessage:
    """Tells that something about a patient has changed."""
    return "patient-events", received_as, {"kind": "bell", "received_as": received_as}


def ring_bells(publisher: Publisher, bells: Sequence[BellMessage]) -> None:
    """Tell the workers; where Kafka is away nothing is lost, their sweep finds what was kept."""
    try:
        for topic, key, message in bells:
            publisher.publish(topic, key, message)
        publisher.flush()
    except PublishFailed as error:
        then = "the facts are kept, the workers' sweep rings once Kafka is back"
        logs.event("bells_not_rung", level=logging.WARNING, waiting=len(bells), error=error, then=then)
