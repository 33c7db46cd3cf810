"""A broker, topics of a test's own and workers that end with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.endpoints import KAFKA_ADMIN, kafka_login
from stream.settings import Settings
from tests.faust_rows.broker import Broker, Topic
from tests.faust_rows.workers import Bench, bench


@pytest.fixture(scope="package")
def broker(services: Settings) -> Iterator[Broker]:
    """The session's Kafka."""
    broker = Broker(kafka_login(services, KAFKA_ADMIN))
    yield broker
    broker.close()


@pytest.fixture
def topic(broker: Broker) -> Topic:
    """An empty topic that nobody reads yet."""
    return broker.topic()


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Bench]:
    """Starts workers; what still runs at the end of the test is killed."""
    with bench(tmp_path) as made:
        yield made
