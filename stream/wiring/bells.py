"""Construction of the publisher that rings for facts that a command has kept as rows."""

from collections.abc import Sequence
from contextlib import closing

from stream.endpoints import kafka_login
from stream.publisher import Publisher
from stream.services.facts.bells import BellMessage, ring_bells
from stream.settings import Settings


def ring(settings: Settings, bells: Sequence[BellMessage]) -> None:
    """Tell the workers; where Kafka is away nothing is lost."""
    with closing(Publisher(kafka_login(settings, "command"), settings.partitions)) as publisher:
        ring_bells(publisher, bells)
