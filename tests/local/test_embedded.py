import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaConsumer

from stream import publisher as publishing
from stream.endpoints import (
    KAFKA_ADMIN,
    database_url,
    embedded_url,
    kafka_login,
    libpq_url,
    load_endpoints,
    role_passwords,
)
from stream.errors import CannotStart, WrongUse
from stream.local.embedded import kafka, postgres, start_embedded
from stream.local.supervisor import Supervisor
from stream.publisher import TOPICS, Publisher, PublishFailed, check_kafka, ensure_topics
from stream.settings import ROLES, Settings, load_settings
from stream.storage.roles import answers, create_roles, ensure_roles
from tests.waiting import has_ended, wait_until

PROGRAM = """
import sys
from contextlib import closing
from pathlib import Path
from stream import logs
from stream.local.embedded import start_embedded
from stream.settings import load_settings
from stream.local.supervisor import Supervisor

logs.setup("up")
settings = load_settings(data_dir=Path(sys.argv[1]))
with Supervisor(settings.run) as supervisor:
    start_embedded(supervisor, settings)
    print(supervisor.pid("postgres"), supervisor.pid("kafka"), flush=True)
    supervisor.watch()
"""


def test_the_log_of_postgres_names_nobody_whatever_goes_wrong(services: Settings) -> None:
    with psycopg.connect(libpq_url(services, "migrator"), autocommit=True) as connection:
        for wrong in (
            "SELECT * FROM vault.patients WHERE name = 'Doe^Jane",
            "INSERT INTO vault.patients (patient_id, issuer, mrn, name) VALUES ('P', 'NORTH', NULL, 'Doe^Jane')",
            "SELECT 'Doe^Jane'::int",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(wrong)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(libpq_url(services, "migrator"), password="wrong")
    log = (services.run / "postgres.log").read_text()
    assert "password authentication failed" in log
    assert "Jane" not in log


@pytest.mark.parametrize("role", ROLES)
def test_every_role_logs_in_with_its_password_and_not_with_another(services: Settings, role: str) -> None:
    url = libpq_url(services, role)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_user, version() LIKE 'PostgreSQL 18%'").fetchone() == (
            f"scanstream_{role}",
            True,
        )
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url, password="wrong")


def test_nobody_gets_in_without_a_password_and_none_is_stored_in_the_clear(services: Settings) -> None:
    superuser = embedded_url(load_endpoints(services), "postgres", "postgres")
    with psycopg.connect(superuser) as connection:
        rules = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
        stored = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolcanlogin").fetchall()
        listens = connection.execute("SHOW listen_addresses").fetchone()
    assert rules == [("scram-sha-256",)]
    assert all(word.startswith("SCRAM-SHA-256$") for (word,) in stored)
    assert listens == ("",)


def test_the_migrator_owns_the_database_and_can_make_no_roles(services: Settings) -> None:
    with psycopg.connect(libpq_url(services)) as connection:
        owner = connection.execute(
            "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate FROM pg_database "
            "WHERE datname = current_database()"
        ).fetchone()
        assert owner == ("scanstream_migrator", "UTF8", "C.UTF-8")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE ROLE someone")


def test_roles_are_made_again_without_change_and_a_new_password_is_taken_over(services: Settings) -> None:
    ensure_roles(services)
    superuser = embedded_url(load_endpoints(services), "postgres", "scanstream")
    kept = role_passwords(services)["auditor"]
    create_roles(superuser, {"auditor": "another"})
    assert not answers(libpq_url(services, "auditor"))
    create_roles(superuser, {"auditor": kept})
    assert answers(libpq_url(services, "auditor"))


def test_a_migrator_who_may_not_make_roles_is_told_what_it_needs(services: Settings) -> None:
    with pytest.raises(
        CannotStart, match="scanstream_migrator may not create role scanstream_extra: grant it CREATEROLE"
    ):
        create_roles(libpq_url(services), {"extra": "word"})


def test_addresses_and_passwords_are_for_their_owner_only(services: Settings) -> None:
    assert stat.S_IMODE((services.run / "endpoints.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((services.data_dir / "postgres").stat().st_mode) == 0o700


def test_a_client_before_the_first_start_is_told_to_start(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="run `scanstream up`"):
        database_url(load_settings(data_dir=tmp_path))


def test_an_external_database_is_reached_by_role_with_the_passwords_of_the_settings() -> None:
    settings = load_settings(
        database_url="postgresql://boss:secret@db.example:5433/scans?sslmode=require", database_password_worker="a/b"
    )
    assert libpq_url(settings) == "postgresql://boss:secret@db.example:5433/scans?sslmode=require"
    assert database_url(settings, "worker") == (
        "postgresql+psycopg://scanstream_worker:a%2Fb@db.example:5433/scans?sslmode=require"
    )
    with pytest.raises(WrongUse, match="SCANSTREAM_DATABASE_PASSWORD_READER"):
        libpq_url(settings, "reader")


def test_a_long_data_folder_gets_a_short_socket_folder_closed_to_others(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / ("long" * 25), kafka_bootstrap_servers="127.0.0.1:1")
    with Supervisor(settings.run) as supervisor:
        start_embedded(supervisor, settings)
        folder = Path(load_endpoints(settings).postgres_socket)
        assert answers(libpq_url(settings))
        assert len(str(folder)) < 60
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()


def test_topics_are_made_once_with_the_number_of_partitions_of_the_settings(services: Settings) -> None:
    login = kafka_login(services, KAFKA_ADMIN)
    ensure_topics(login, services.partitions)
    ensure_topics(login, services.partitions)
    with KafkaAdminClient(**login.options()) as admin:
        found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(list(TOPICS))}
    assert found == dict.fromkeys(TOPICS, 8)
    with pytest.raises(CannotStart, match="instances has 8 partitions and SCANSTREAM_PARTITIONS is 4: set it to 8"):
        ensure_topics(login, 4)


def test_what_is_flushed_can_be_read_with_its_version_and_key(services: Settings) -> None:
    login = kafka_login(services, KAFKA_ADMIN)
    ensure_topics(login, services.partitions)
    publisher = Publisher(login, services.partitions)
    sent = publisher.publish("scans", "PÄTIENT", {"scan_uid": "2.25.1", "revision": 1})
    publisher.flush()
    publisher.close()
    record = sent.get(timeout=0)
    consumer = KafkaConsumer("scans", **login.options(), auto_offset_reset="earliest", consumer_timeout_ms=20_000)
    try:
        found = next(m for m in consumer if (m.partition, m.offset) == (record.partition, record.offset))
    finally:
        consumer.close()
    assert found.key.decode() == "PÄTIENT"
    assert json.loads(found.value) == {"v": 1, "scan_uid": "2.25.1", "revision": 1}


def test_however_much_is_published_what_waits_to_be_confirmed_is_bounded(
    services: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = kafka_login(services, KAFKA_ADMIN)
    ensure_topics(login, services.partitions)
    monkeypatch.setattr(publishing, "PENDING_LIMIT", 10)
    publisher = Publisher(login, services.partitions)
    sent = [publisher.publish("scans", "P1", {"scan_uid": "2.25.3", "revision": n + 1}) for n in range(25)]
    assert all(future.succeeded() for future in sent[:20])
    publisher.flush()
    assert all(future.succeeded() for future in sent)
    publisher.close()


def test_without_kafka_publishing_fails_by_name_and_goes_on_when_it_is_back(
    services: Settings, supervisor: Supervisor
) -> None:
    login = kafka_login(services, KAFKA_ADMIN)
    ensure_topics(login, services.partitions)
    connected, threads = Publisher(login, services.partitions), threading.active_count()
    connected.publish("scans", "P1", {"scan_uid": "2.25.2", "revision": 1})
    connected.flush()
    supervisor.stop("kafka")
    connected.publish("scans", "P1", {"scan_uid": "2.25.2", "revision": 1})
    with pytest.raises(PublishFailed):
        connected.publish("timepoints", "P1", {"scan_uid": "2.25.2", "revision": 1})
    wait_until(lambda: threading.active_count() <= threads)  # nothing of a connection that failed stays
    publisher = Publisher(login, services.partitions)
    with pytest.raises(PublishFailed):
        publisher.publish("scans", "P1", {"scan_uid": "2.25.2", "revision": 1})
    with pytest.raises(CannotStart, match="Kafka does not answer at 127.0.0.1"):
        check_kafka(login, timeout_seconds=0.5)
    supervisor.start(kafka.part(services.data_dir, load_endpoints(services)))
    publisher.publish("scans", "P1", {"scan_uid": "2.25.2", "revision": 1})
    publisher.flush()
    publisher.close()


def test_a_kafka_that_lost_its_folder_starts_anew_and_whoever_publishes_makes_the_topics(
    services: Settings, supervisor: Supervisor
) -> None:
    os.kill(supervisor.pid("kafka"), signal.SIGKILL)
    supervisor.stop("kafka")
    shutil.rmtree(services.data_dir / "kafka")
    supervisor.start(kafka.part(services.data_dir, load_endpoints(services)))
    publisher = Publisher(kafka_login(services, KAFKA_ADMIN), services.partitions)
    sent = publisher.publish("scans", "P1", {"scan_uid": "2.25.3", "revision": 1})
    publisher.flush()
    publisher.close()
    assert sent.get(timeout=0).offset == 0
    ensure_topics(kafka_login(services, KAFKA_ADMIN), services.partitions)


def test_a_killed_postgres_starts_again_with_what_was_committed(services: Settings, supervisor: Supervisor) -> None:
    url = libpq_url(services)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA durable CREATE TABLE kept (value int)")
        connection.execute("INSERT INTO durable.kept VALUES (7)")
    os.kill(supervisor.pid("postgres"), signal.SIGKILL)
    supervisor.stop("postgres")
    supervisor.start(postgres.part(services.data_dir, load_endpoints(services)))
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT value FROM durable.kept").fetchone() == (7,)
        connection.execute("DROP SCHEMA durable CASCADE")


def test_when_the_supervisor_is_killed_postgres_and_kafka_end_too(tmp_path: Path) -> None:
    program = [sys.executable, "-c", PROGRAM, str(tmp_path / "data")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert len(pids) == 2
        process.kill()
    wait_until(lambda: all(has_ended(pid) for pid in pids))


def test_jars_that_differ_from_the_lock_are_refused(tmp_path: Path) -> None:
    false = tmp_path / "kafka-clients-4.3.0.jar"
    false.write_bytes(b"not Kafka")
    with pytest.raises(CannotStart, match="is not the one this version was locked with"):
        kafka.check_hashes([false])
