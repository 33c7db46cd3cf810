"""The publisher's patch of kafka-python is needed as long as the first of these passes."""

from unittest.mock import Mock

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError

from stream.endpoints import KafkaLogin
from stream.publisher import Publisher


@pytest.fixture
def stuck() -> Mock:
    """A producer that still has messages and cannot send them."""
    producer = Mock(spec=KafkaProducer, _closed=False, _sender=Mock(spec=["is_alive", "force_close"]))
    producer.flush.side_effect = KafkaTimeoutError("not sent")
    producer.close.side_effect = lambda timeout: KafkaProducer.close(producer, timeout)
    return producer


def test_a_producer_that_cannot_send_the_rest_leaves_its_thread_running(stuck: Mock) -> None:
    with pytest.raises(KafkaTimeoutError):
        stuck.close(timeout=1.0)
    stuck._sender.force_close.assert_not_called()


def test_the_publisher_ends_that_thread(stuck: Mock) -> None:
    publisher = Publisher(KafkaLogin(("127.0.0.1:1",)), 1)
    publisher._producer = stuck
    publisher.close()
    stuck._sender.force_close.assert_called_once()
