"""Who is let in by the embedded Kafka, and who may do what there."""

import re
import stat
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from stream.endpoints import KAFKA_ACCOUNTS, KAFKA_ADMIN, KafkaLogin, kafka_login, load_endpoints
from stream.errors import CannotStart
from stream.kafka_accounts import RIGHTS
from stream.publisher import TOPICS, Publisher, check_kafka, ensure_topics
from stream.settings import Settings

DOCUMENTED = Path(__file__).parents[2] / "docs" / "security.md"


@pytest.fixture(scope="module")
def topics(services: Settings) -> Settings:
    """Settings of a Kafka that has its topics, with a message in each."""
    ensure_topics(kafka_login(services, KAFKA_ADMIN), services.partitions)
    publisher = Publisher(kafka_login(services, KAFKA_ADMIN), services.partitions)
    for topic in TOPICS:
        publisher.publish(topic, "P1", {"here": topic})
    publisher.flush()
    publisher.close()
    return services


def test_whoever_names_no_account_or_a_wrong_password_is_not_let_in(topics: Settings) -> None:
    endpoints = load_endpoints(topics)
    for port in (endpoints.kafka_port, endpoints.kafka_controller_port):
        with pytest.raises(KafkaError):
            KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", bootstrap_timeout_ms=1500)
    wrong = kafka_login(topics, "worker")._replace(password="guessed")
    with pytest.raises(CannotStart, match="does not let worker in"):
        check_kafka(wrong, timeout_seconds=1.5)
    plain = kafka_login(topics, "worker")._replace(mechanism="PLAIN")
    with pytest.raises(CannotStart):
        check_kafka(plain, timeout_seconds=1.5)


@pytest.mark.parametrize("account", KAFKA_ACCOUNTS)
def test_an_account_reads_and_writes_just_what_it_needs(topics: Settings, account: str) -> None:
    login, rights = kafka_login(topics, account), RIGHTS[account]
    assert {topic for topic in TOPICS if _can_read(login, topic)} == set(rights.reads)
    assert {topic for topic in TOPICS if _can_write(login, topic)} == set(rights.writes)


def test_the_page_on_security_says_what_is_so() -> None:
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|([^|]*)\|$", DOCUMENTED.read_text(), re.MULTILINE)
    told = {account: tuple(set(re.findall("`([a-z-]+)`", cell)) for cell in cells) for account, *cells in rows}
    assert told == {account: (set(rights.reads), set(rights.writes)) for account, rights in RIGHTS.items()}


def test_passwords_lie_in_files_of_their_owner_alone(topics: Settings) -> None:
    for name in ("kafka.properties", "endpoints.json"):
        assert stat.S_IMODE((topics.run / name).stat().st_mode) == 0o600


def _can_read(login: KafkaLogin, topic: str) -> bool:
    """Whether any of its messages comes; a consumer would wait long for what its account may not even see."""
    with KafkaAdminClient(**login.options()) as admin:
        if topic not in admin.list_topics():
            return False
    consumer = KafkaConsumer(**login.options(), enable_auto_commit=False)
    try:
        places = [TopicPartition(topic, number) for number in range(8)]
        consumer.assign(places)
        consumer.seek_to_beginning()
        return any(consumer.poll(timeout_ms=500) for _ in range(20))
    except TopicAuthorizationFailedError:
        return False
    finally:
        consumer.close()


def _can_write(login: KafkaLogin, topic: str) -> bool:
    producer = KafkaProducer(**login.options(), max_block_ms=5000)
    try:
        producer.send(topic, b"{}").get(timeout=20)
    except KafkaError:
        return False
    finally:
        producer.close()
    return True
