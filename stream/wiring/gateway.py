"""Construction of the gateway: what it needs and nothing more, so that it starts fast and stays small."""

import signal
from functools import partial

from stream.archive.originals import Archive
from stream.dicom.gateway.forwarder import Forwarder
from stream.dicom.gateway.receiver import Receiver
from stream.dicom.gateway.spool import Spool
from stream.disks import disks
from stream.endpoints import kafka_login
from stream.publisher import Publisher
from stream.services.accepting.wishes import WishKeeper
from stream.services.heartbeat import Vitals
from stream.settings import Settings
from stream.storage.database import connect
from stream.wiring.heartbeat import heartbeat
from stream.wiring.pseudonyms import pseudonyms
from stream.wiring.releasing import kept_files


def run_gateway(settings: Settings) -> None:
    """Receive until SIGTERM or SIGINT; forwards at the same time, whether Kafka and Postgres are there or not."""
    spool = Spool(settings.spool)
    spool.open()
    forwarder = Forwarder(
        settings,
        spool,
        Archive(settings.archive),
        partial(connect, settings, "gateway"),
        Publisher(kafka_login(settings, "gateway"), settings.partitions),
        partial(pseudonyms, settings),
    )
    receiver = Receiver(settings, spool, forwarder.ring)
    beats = heartbeat(settings, "gateway", look=partial(_vitals, settings, spool), tell=receiver.refusals.write_down)
    wishes = WishKeeper(
        partial(connect, settings, "gateway"),
        partial(kept_files, settings),
        Publisher(kafka_login(settings, "gateway"), settings.partitions),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: forwarder.stop())
    receiver.start()
    wishes.start()
    beats.start()
    try:
        forwarder.run()
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
