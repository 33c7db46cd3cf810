"""Everything that lies in the topics, and facts that other systems bring by Kafka."""

import json
from collections.abc import Iterator
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from stream.endpoints import KAFKA_ADMIN, kafka_login
from stream.publisher import TOPICS
from stream.settings import Settings


def messages(settings: Settings) -> dict[str, list[str]]:
    """Key and value of every message there is, by topic."""
    return {topic: list(_topic(settings, topic)) for topic in TOPICS}


def _topic(settings: Settings, topic: str) -> Iterator[str]:
    consumer = KafkaConsumer(**kafka_login(settings, KAFKA_ADMIN).options(), enable_auto_commit=False)
    partitions = [TopicPartition(topic, number) for number in range(settings.partitions)]
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(partitions)
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        for records in consumer.poll(timeout_ms=1000).values():
            yield from (f"{(record.key or b'').decode()} {record.value.decode()}" for record in records)
    consumer.close()


def bring_fact(settings: Settings, received_as: str, kind: str, fact: dict[str, Any]) -> None:
    """Publish a fact about a patient as another system would; returns when Kafka has it."""
    bring(settings, received_as, kind, fact)


def bring(settings: Settings, received_as: str, kind: str, fact: dict[str, Any], **more: str) -> None:
    """The same with who and why, where the other system says it."""
    event_id = f"test-{kind}-{received_as}"
    message = {"v": 1, "event_id": event_id, "kind": kind, "received_as": received_as, "fact": fact, **more}
    producer = KafkaProducer(**kafka_login(settings, "facts").options(), acks="all")
    producer.send("patient-events", key=received_as.encode(), value=json.dumps(message).encode()).get(timeout=30)
    producer.close()
