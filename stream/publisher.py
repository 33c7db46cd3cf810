"""Messages out: the topics of docs/interfaces.md 8, made once, and an idempotent producer with `acks=all`.

Beside it what Kafka tells of readers, to those who look after them.
"""

import contextlib
import json
import logging
import time
from collections.abc import Collection, Mapping
from typing import NoReturn

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError, TopicAlreadyExistsError
from kafka.producer.future import FutureRecordMetadata

from stream.crash import reach
from stream.endpoints import KafkaLogin
from stream.errors import CannotStart

TOPICS = ("instances", "scans", "timepoints", "patient-events", "forecasts")
GROUP = "scanstream"
"""The workers' consumer group."""
MESSAGE_VERSION = 1
CONNECT_TIMEOUT_SECONDS = 5.0
DELIVERY_TIMEOUT_SECONDS = 15.0
"""A forwarder that waits longer than this for the broker does better to keep the record and come back later."""
LINGER_MS = 1000
"""Messages of a batch go together: all are sent by `flush`, and before it those that fill a request."""
PENDING_LIMIT = 10_000
"""Messages whose arrival is not known yet; beyond it `publish` waits, so that memory stays bounded."""

# an outage is told once, by whoever waits for Kafka, and not by each of the client's attempts
logging.getLogger("kafka").setLevel(logging.CRITICAL)


class PublishFailed(Exception):
    """Kafka did not confirm a message: keep what it announces and publish it again later; twice is harmless."""


class Publisher:
    """Publishes as `login`; for one thread. It may be made while Kafka is away.

    Whenever it connects it makes the topics that are missing: a Kafka that lost its data fills again with what waits.
    """

    def __init__(self, login: KafkaLogin, partitions: int) -> None:
        self._login = login
        self._partitions = partitions
        self._producer: KafkaProducer | None = None
        self._pending: list[FutureRecordMetadata] = []

    def publish(self, topic: str, key: str | None, message: Mapping[str, object]) -> FutureRecordMetadata:
        """Send `message` as UTF-8 JSON with `"v": 1`; `flush` says whether it arrived. Raises PublishFailed."""
        value = json.dumps({"v": MESSAGE_VERSION, **message}, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            self._producer = self._producer or self._connect()
            future = self._producer.send(topic, value=value, key=key.encode() if key is not None else None)
        except KafkaError as error:
            self._give_up(error)
        self._pending.append(future)
        if len(self._pending) >= PENDING_LIMIT:
            self.flush()
        return future

    def flush(self) -> None:
        """Wait until Kafka has confirmed everything published since the last flush; raises PublishFailed if not."""
        pending, self._pending = self._pending, []
        if self._producer is None:
            return
        reach("publisher.sent")
        try:
            self._producer.flush(timeout=DELIVERY_TIMEOUT_SECONDS)
        except KafkaError as error:
            self._give_up(error)
        if failed := [future for future in pending if future.failed()]:
            self._give_up(failed[0].exception)
        reach("publisher.confirmed")

    def close(self) -> None:
        """End the connection; what was not flushed may be lost."""
        self._pending = []
        if self._producer is not None:
            producer, self._producer = self._producer, None
            try:
                producer.close(timeout=1.0)
            except KafkaError:  # it cannot send the rest
                _end_thread(producer)

    def _connect(self) -> KafkaProducer:
        with _admin(self._login, CONNECT_TIMEOUT_SECONDS) as admin:
            _make_missing(admin, self._partitions)
        return KafkaProducer(
            **self._login.options(),
            acks="all",
            enable_idempotence=True,
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=int(CONNECT_TIMEOUT_SECONDS * 1000),
            linger_ms=LINGER_MS,
            max_block_ms=int(CONNECT_TIMEOUT_SECONDS * 1000),
            request_timeout_ms=int(DELIVERY_TIMEOUT_SECONDS * 1000 / 2),
            delivery_timeout_ms=int(DELIVERY_TIMEOUT_SECONDS * 1000),
            reconnect_backoff_max_ms=1000,
        )

    def _give_up(self, error: Exception) -> NoReturn:
        """A producer that failed may hold sequence numbers the broker no longer knows: the next one starts afresh."""
        self.close()
        raise PublishFailed(f"{type(error).__name__}: {error}") from error


def _end_thread(producer: KafkaProducer) -> None:
    """End thread and connections of a producer whose `close` raised: kafka-python (3.0.12) lets both go on then.

    Needless as soon as its `close` ends them also where its flush fails; tests/test_publisher.py notices.
    """
    producer._sender.force_close()


def answers(login: KafkaLogin, timeout_seconds: float = 3.0) -> bool:
    """Whether a broker gives the cluster's metadata within `timeout_seconds`."""
    try:
        with _admin(login, timeout_seconds) as admin:
            return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False


def unread(login: KafkaLogin, group: str, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Those of `places` (topic, partition) that hold more than `group` has committed, each with the committed offset.

    None of them while no broker answers.
    """
    if not places:
        return {}
    wanted = [TopicPartition(*place) for place in places]
    try:
        with _admin(login, CONNECT_TIMEOUT_SECONDS) as admin:
            first = admin.list_partition_offsets(dict.fromkeys(wanted, OffsetSpec.EARLIEST))
            ends = admin.list_partition_offsets(dict.fromkeys(wanted, OffsetSpec.LATEST))
            committed = admin.list_group_offsets(group).get(group, {})
    except KafkaError:
        return {}
    read = {place: max(first[place].offset, committed[place].offset if place in committed else 0) for place in wanted}
    return {(place.topic, place.partition): offset for place, offset in read.items() if offset < ends[place].offset}


def check_kafka(login: KafkaLogin, timeout_seconds: float = CONNECT_TIMEOUT_SECONDS) -> None:
    """Raise CannotStart where no broker answers within `timeout_seconds`."""
    if not answers(login, timeout_seconds):
        raise CannotStart(
            f"Kafka does not answer at {', '.join(login.servers)}{_as_whom(login)}: "
            "start it, or correct SCANSTREAM_KAFKA_BOOTSTRAP_SERVERS, _USERNAME and _PASSWORD."
        )


def _as_whom(login: KafkaLogin) -> str:
    return f" or does not let {login.account} in" if login.account else ""


def ensure_topics(login: KafkaLogin, partitions: int) -> None:
    """Make the topics that are missing with `partitions` partitions each.

    Raises CannotStart where one has another number: a patient's key would fall on two partitions.
    """
    try:
        with _admin(login, CONNECT_TIMEOUT_SECONDS) as admin:
            _make_missing(admin, partitions)
            _wake_coordinator(admin)
            counts = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(list(TOPICS))}
    except KafkaError as error:
        where = ", ".join(login.servers)
        raise CannotStart(f"Kafka at {where} cannot make the topics ({error}): check its log.") from None
    for topic in TOPICS:
        if (count := counts[topic]) != partitions:
            raise CannotStart(
                f"Topic {topic} has {count} partitions and SCANSTREAM_PARTITIONS is {partitions}: set it to {count}, "
                "the number is fixed once a topic exists."
            )


def _make_missing(admin: KafkaAdminClient, partitions: int) -> None:
    existing = admin.list_topics()
    missing = [topic for topic in TOPICS if topic not in existing]
    if not missing:
        return
    with contextlib.suppress(TopicAlreadyExistsError):  # another part that connects now was faster
        admin.create_topics({topic: {"num_partitions": partitions} for topic in missing})
    admin.wait_for_topics(missing)


def _wake_coordinator(admin: KafkaAdminClient) -> None:
    """Kafka makes the topic of group offsets when first asked; a worker that asks too early loses seconds over it."""
    deadline = time.monotonic() + CONNECT_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(KafkaError):
            admin.list_group_offsets(GROUP)
            return
        time.sleep(0.1)


def _admin(login: KafkaLogin, timeout_seconds: float) -> KafkaAdminClient:
    milliseconds = int(timeout_seconds * 1000)
    return KafkaAdminClient(**login.options(), bootstrap_timeout_ms=milliseconds, request_timeout_ms=milliseconds)
