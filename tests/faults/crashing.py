"""A gateway and a worker that are ended at a crash point and started again, on the session's Postgres and Kafka."""

import datetime as dt
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import MemberToRemove, OffsetSpec

from stream.dicom.gateway.sender import send
from stream.dicom.gateway.spool import Spool
from stream.dicom.pseudonyms import load_or_make_key
from stream.endpoints import KAFKA_ADMIN, free_port, kafka_login
from stream.errors import CannotStart
from stream.publisher import TOPICS, Publisher, ensure_topics
from stream.settings import Settings, load_settings
from stream.storage.intake.unfinished import unseen_patients
from tests.database import Database
from tests.forked.forking import zygote
from tests.kafka_accounts import kafka_accounts
from tests.waiting import wait_until

GROUP = "scanstream"
SETTLE_SECONDS = 120
"""On a busy machine much more than is needed; a service that loses work never settles."""


class Crashing:
    """Gateway and worker of one database, each forked from the zygote, on folders of their own."""

    def __init__(self, services: Settings, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.elsewhere = Path(tempfile.mkdtemp(prefix="scanstream-", dir="/dev/shm"))
        self._pids: dict[str, int] = {}
        passwords = {name: value for name, value in database.settings if name.startswith("database_password_")}
        self.settings = load_settings(
            data_dir=folder / "data",
            dicom_port=free_port(),
            database_url=database.settings.database_url,
            kafka_bootstrap_servers=kafka_login(services, KAFKA_ADMIN).servers[0],
            partitions=services.partitions,
            association_wait_seconds=0.2,
            quiet_seconds=30.0,
            final_after_seconds=3600.0,
            **passwords,
            **kafka_accounts(services),
        )
        ensure_topics(kafka_login(self.settings, KAFKA_ADMIN), self.settings.partitions)
        self._admin = KafkaAdminClient(**kafka_login(self.settings, KAFKA_ADMIN).options())
        self.publisher = Publisher(kafka_login(self.settings, KAFKA_ADMIN), self.settings.partitions)
        self.connection = psycopg.connect(database.superuser_url, autocommit=True, options="-c timezone=UTC")

    def start(self, part: str, crash_at: str = "", poison: str = "", **settings: object) -> None:
        """Start gateway or worker, armed where `crash_at` says so; `poison` as tests/faults/poison.py reads it."""
        if part == "worker":
            self._leave()
        named = {f"SCANSTREAM_{name.upper()}": str(value) for name, value in settings.items()}
        env = {**self.settings.environment(), **named, "SCANSTREAM_CRASH_AT": crash_at, "POISON": poison}
        log = self.folder / f"{part}.log"
        self._pids[part] = zygote().start([part], env, self.folder, log, log)

    def crashed(self, part: str) -> bool:
        """Whether the part has ended; fails where it did not end by the signal of its crash point."""
        if part in self._pids and (ended := zygote().ended(self._pids[part])) is not None:
            del self._pids[part]
            assert ended == -signal.SIGKILL, (self.folder / f"{part}.log").read_text()[-3000:]
        return part not in self._pids

    def settled(self) -> bool:
        """Whether all that was accepted has come to its end, and the spool is empty."""
        (pending,) = self.connection.execute("SELECT pending FROM scanstream.service_status").fetchone()
        unseen = unseen_patients(self.connection, dt.datetime.now(dt.UTC))
        return not pending and not unseen and not Spool(self.settings.spool).waiting()

    def send(self, paths: Sequence[Path]) -> list[Path]:
        """Send `paths` in one association; returns those that were not answered with success."""
        host, port = self.settings.dicom_host, self.settings.dicom_port
        wait_until(lambda: _listens(host, port) or self.crashed("gateway"), SETTLE_SECONDS)
        try:
            answers = list(send(paths, host, port, self.settings.dicom_ae_title, "PACS"))
        except CannotStart:  # the gateway has died, by what was sent before
            return list(paths)
        return [one.path for one in answers if one.status != 0]

    def clear(self) -> None:
        """Forget all that arrived: rows, messages, spool, archive; the key is a new one."""
        for part in list(self._pids):
            zygote().kill(self._pids.pop(part))
        self._leave()
        topics = [TopicPartition(topic, number) for topic in TOPICS for number in range(self.settings.partitions)]
        self._admin.reset_group_offsets(GROUP, dict.fromkeys(topics, OffsetSpec.LATEST))
        self.database.empty()
        shutil.rmtree(self.settings.data_dir, ignore_errors=True)
        for path in self.elsewhere.iterdir():
            shutil.rmtree(path)
        self.settings.run.mkdir(parents=True)
        load_or_make_key(self.settings.pseudonym_key_file)

    def stop(self) -> None:
        """End both parts and all connections."""
        self.clear()
        self.connection.close()
        self.publisher.close()
        self._admin.close()
        shutil.rmtree(self.elsewhere)

    def _leave(self) -> None:
        """Tell Kafka that the dead worker left: it would give its partitions away only after the session timeout."""
        group = self._admin.describe_groups([GROUP])[GROUP]
        if members := [MemberToRemove(member_id=member["member_id"]) for member in group["members"]]:
            self._admin.remove_group_members(GROUP, members)


@pytest.fixture(scope="module")
def crashing(services: Settings, upgraded: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    """A gateway and a worker to crash, on folders of their own."""
    made = Crashing(services, upgraded, tmp_path_factory.mktemp("crashing"))
    yield made
    made.stop()


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
