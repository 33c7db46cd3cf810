"""What our consumer takes from Faust's own, which no other test would miss before Kafka has lost its data."""

from pathlib import Path

from faust.types import TP

from stream.agents.app import new_app
from stream.agents.consumer import Consumer, Transport
from stream.endpoints import KafkaLogin


def test_the_app_reads_by_our_consumer(tmp_path: Path) -> None:
    app = new_app("group", KafkaLogin(("127.0.0.1:1",)), tmp_path, 1)
    assert isinstance(app.transport, Transport)
    assert app.transport.Consumer is Consumer


def test_faust_still_keeps_what_it_has_read_in_the_fields_that_are_reset(tmp_path: Path) -> None:
    transport = new_app("group", KafkaLogin(("127.0.0.1:1",)), tmp_path, 1).transport
    ignore = dict.fromkeys(("on_partitions_revoked", "on_partitions_assigned"), lambda partitions: None)
    consumer = transport.create_consumer(lambda message: None, **ignore)
    assert consumer._read_offset[TP("scans", 0)] is None
    assert consumer._committed_offset[TP("scans", 0)] is None
