"""Construction of the gateway: what it needs and nothing more, so that it starts fast and stays small."""

import signal
from functools import partial

from stream.dicom.gateway.receiver import Receiver
from stream.dicom.gateway.refusals import Refusals
from stream.dicom.gateway.spool import Spool
from stream.disks import disks
from stream.services.heartbeat import Vitals
from stream.settings import Settings
from stream.storage.database import Connection
from stream.wiring.forwarding import Forwarding
from stream.wiring.heartbeat import heartbeat
from stream.wiring.pseudonyms import compared_pseudonyms


def run_gateway(settings: Settings) -> None:
    """Receive until SIGTERM or SIGINT; forwards at the same time, whether Kafka and Postgres are there or not."""
    spool = Spool(settings.spool)
    spool.open()
    forwarding = Forwarding(settings, spool)
    receiver = Receiver(settings, spool, forwarding.ring)
    beats = heartbeat(
        settings, "gateway", look=partial(_vitals, settings, spool), tell=partial(_tell, settings, receiver.refusals)
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: forwarding.stop())
    forwarding.start()
    receiver.start()
    beats.start()
    try:
        forwarding.wait()
    finally:
        receiver.stop()
        beats.stop()


def _vitals(settings: Settings, spool: Spool) -> Vitals:
    """What waits in the spool, and the disks that the service fills, also those of an embedded Postgres and Kafka."""
    folders = {"spool": settings.spool, "archive": settings.archive}
    if not settings.database_url:
        folders["postgres"] = settings.data_dir / "postgres"
    if not settings.kafka_bootstrap_servers:
        folders["kafka"] = settings.data_dir / "kafka"
    return Vitals(spool.waiting(), disks(folders))


def _tell(settings: Settings, refusals: Refusals, connection: Connection) -> None:
    """Who was not let in; the key is read at every beat, for somebody may have put it back."""
    refusals.write_down(connection, compared_pseudonyms(settings, connection, connection).sender)
