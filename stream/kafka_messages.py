"""All that lies in a topic: read for checks, without a place in any group of readers; taken away once it was read."""

from collections.abc import Iterator
from typing import NamedTuple

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from stream.endpoints import KafkaLogin

POLL_MS = 1000
SILENT_POLLS = 15
"""After so many in a row that brought nothing of what there is, Kafka is away."""


class NotRead(Exception):
    """Kafka does not answer, or does not let this account read."""


def messages(login: KafkaLogin, topic: str, percent: float = 100.0) -> Iterator[bytes]:
    """Key and value of every message in `topic` now, or of the newest `percent` of them; raises NotRead."""
    try:
        consumer = KafkaConsumer(**login.options(), enable_auto_commit=False, bootstrap_timeout_ms=POLL_MS * 5)
        try:
            yield from _read(consumer, topic, percent)
        finally:
            consumer.close()
    except KafkaError as error:
        raise NotRead(f"Kafka's messages cannot be read ({type(error).__name__})") from None


class Forgotten(NamedTuple):
    """How many messages were taken away, and how many stay since they are not read yet."""

    taken: int
    unread: int


def forget_read(login: KafkaLogin, topic: str, partitions: int, group: str) -> Forgotten:
    """Take away from `topic` all that `group` has committed, as the admin; raises NotRead."""
    places = [TopicPartition(topic, number) for number in range(partitions)]
    try:
        with KafkaAdminClient(**login.options(), bootstrap_timeout_ms=POLL_MS * 5) as admin:
            first = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
            ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
            committed = admin.list_group_offsets(group).get(group, {})
            read = {place: min(committed[place].offset, ends[place].offset) for place in places if place in committed}
            gone = {place: offset for place, offset in read.items() if offset > first[place].offset}
            if gone:
                admin.delete_records(gone)
    except KafkaError as error:
        raise NotRead(f"Kafka's messages cannot be taken away ({type(error).__name__})") from None
    taken = sum(offset - first[place].offset for place, offset in gone.items())
    return Forgotten(taken, sum(ends[place].offset - first[place].offset for place in places) - taken)


def _read(consumer: KafkaConsumer, topic: str, percent: float) -> Iterator[bytes]:
    places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    consumer.assign(places)
    first, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
    for place in places:
        consumer.seek(place, ends[place] - int((ends[place] - first[place]) * percent / 100.0))
    silent = 0
    while any(consumer.position(place) < ends[place] for place in places):
        brought = consumer.poll(timeout_ms=POLL_MS)
        silent = 0 if brought else silent + 1
        if silent > SILENT_POLLS:
            raise NotRead("Kafka's messages cannot be read (it brings none)")
        for records in brought.values():
            yield from (b" ".join(filter(None, (record.key, record.value))) for record in records)
