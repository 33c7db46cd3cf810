"""Messages that were read can be taken out of Kafka, and no others."""

from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.structs import OffsetAndMetadata

from stream.endpoints import KAFKA_ADMIN, KafkaLogin, kafka_login
from stream.kafka_messages import Forgotten, NotRead, forget_read, messages
from stream.publisher import Publisher, ensure_topics
from stream.settings import Settings

TOPIC, PARTITIONS, GROUP = "forgetful", 2, "readers"


@pytest.fixture
def admin(services: Settings) -> Iterator[KafkaAdminClient]:
    """Of a Kafka with a topic of its own, which is empty."""
    ensure_topics(kafka_login(services, KAFKA_ADMIN), services.partitions)
    with KafkaAdminClient(**kafka_login(services, KAFKA_ADMIN).options()) as admin:
        admin.create_topics({TOPIC: {"num_partitions": PARTITIONS}})
        admin.wait_for_topics([TOPIC])
        yield admin
        admin.delete_topics([TOPIC])


@pytest.fixture
def login(services: Settings, admin: KafkaAdminClient) -> KafkaLogin:
    """The admin's, once five messages lie in the topic."""
    login = kafka_login(services, KAFKA_ADMIN)
    publisher = Publisher(login, services.partitions)
    for number in range(5):
        publisher.publish(TOPIC, f"P{number}", {"said": number})
    publisher.flush()
    publisher.close()
    return login


def test_what_was_read_is_gone_and_what_was_not_stays(login: KafkaLogin, admin: KafkaAdminClient) -> None:
    before = list(messages(login, TOPIC))
    assert forget_read(login, TOPIC, PARTITIONS, GROUP) == Forgotten(0, 5)
    place = TopicPartition(TOPIC, 0)
    end = admin.list_partition_offsets({place: OffsetSpec.LATEST})[place].offset
    admin.alter_group_offsets(GROUP, {place: OffsetAndMetadata(end, "", -1)})
    assert 0 < end < 5
    assert forget_read(login, TOPIC, PARTITIONS, GROUP) == Forgotten(end, 5 - end)
    left = list(messages(login, TOPIC))
    assert len(left) == 5 - end and set(left) < set(before)
    assert forget_read(login, TOPIC, PARTITIONS, GROUP) == Forgotten(0, 5 - end)


def test_who_may_not_take_messages_away_is_told_so(services: Settings, login: KafkaLogin) -> None:
    with pytest.raises(NotRead):
        forget_read(kafka_login(services, "facts"), TOPIC, PARTITIONS, GROUP)
    assert len(list(messages(login, TOPIC))) == 5
