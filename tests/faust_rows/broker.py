"""Topics of a test's own on the session's broker, and what the broker knows of their readers."""

import contextlib
from itertools import count

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from stream.endpoints import KafkaLogin
from tests.waiting import wait_until

PARTITIONS = 4
PATIENCE_SECONDS = 90
"""For what another process does on a busy machine."""
_numbers = count()


class Broker:
    """The session's Kafka, as someone beside the workers sees it."""

    def __init__(self, login: KafkaLogin) -> None:
        self.login = login
        self.admin = KafkaAdminClient(**login.options())
        self.producer = KafkaProducer(**login.options(), acks="all")

    def topic(self) -> "Topic":
        """A new topic; workers read it as the consumer group of the same name."""
        topic = Topic(self, f"faust-rows-{next(_numbers)}")
        self.admin.create_topics({topic.name: {"num_partitions": PARTITIONS}})
        self.admin.wait_for_topics([topic.name])
        return topic

    def close(self) -> None:
        """End all connections."""
        self.producer.close()
        self.admin.close()


class Topic:
    """One topic and its consumer group."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.broker = broker
        self.name = name

    def send(self, *values: str, partition: int = 0) -> None:
        """Put `values` there, one message each; returns when the broker has them."""
        for value in values:
            self.broker.producer.send(self.name, value.encode(), partition=partition)
        self.broker.producer.flush()

    def committed(self) -> dict[int, int]:
        """The group's committed offset by partition, where there is one: all messages below it are acknowledged."""
        offsets = self.broker.admin.list_group_offsets(self.name)[self.name]
        return {place.partition: offset.offset for place, offset in offsets.items() if place.topic == self.name}

    def pretend_commit(self, offset: int, partition: int = 0) -> None:
        """Commit `offset` for the group, which has no members yet, however long the partition is."""
        places = {TopicPartition(self.name, partition): OffsetAndMetadata(offset, "", -1)}

        def committed() -> bool:
            with contextlib.suppress(KafkaError):  # the broker makes its topic of offsets when first asked
                self.broker.admin.alter_group_offsets(self.name, places)
                return self.committed().get(partition) == offset
            return False

        wait_until(committed, PATIENCE_SECONDS)

    def wait_for_commit(self, **offsets: int) -> None:
        """Wait until the committed offsets are `offsets`, of partitions p0, p1, …"""
        expected = {int(name[1:]): offset for name, offset in offsets.items()}
        wait_until(lambda: self.committed() == expected, PATIENCE_SECONDS)

    def members(self) -> int:
        """How many consumers the broker counts to the group."""
        return len(self.broker.admin.describe_groups([self.name])[self.name]["members"])

    def length(self) -> int:
        """How many messages the broker has in partition 0."""
        consumer, place = KafkaConsumer(**self.broker.login.options()), TopicPartition(self.name, 0)
        try:
            return consumer.end_offsets([place])[place]
        finally:
            consumer.close()
