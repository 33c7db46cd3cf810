"""I9 looks at logs, at the other files of a run and at messages too."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from kafka import KafkaProducer

from stream.endpoints import KAFKA_ADMIN, kafka_login
from stream.publisher import ensure_topics
from stream.services.verify.beside_tables import texts_beside
from stream.services.verify.identifiers import no_identifier, spellings
from stream.settings import Settings
from tests.database import Database

ORIGINALS = [
    *spellings("47119901", "Müller^Jane", "1950-05-23"),
    *spellings("471199", None, None),
    "1.2.840.113619.77.5",
]


@pytest.fixture(scope="module")
def kafka(services: Settings) -> Settings:
    """Settings of a Kafka with its topics."""
    ensure_topics(kafka_login(services, KAFKA_ADMIN), services.partitions)
    return services


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    """The files of a run that tell nobody."""
    (tmp_path / "worker-1.log").write_text("1950-05-23T10:00:00.000+00:00 info worker part_started pid=471199\n")
    (tmp_path / "kafka.log").write_text("[1950-05-23 10:00:00,000] INFO offset 471199\n")
    return tmp_path


def found(database: Database, settings: Settings, run: Path) -> list[str]:
    beside = partial(texts_beside, run, kafka_login(settings, "worker"), 100.0)
    return no_identifier(database.connect(), ORIGINALS, beside=beside).first


@pytest.mark.parametrize("line", ["of Jane Müller", "id=47119901", "born 1950-05-23", "uid=1.2.840.113619.77.5 gone"])
def test_a_line_of_a_log_that_tells_who_somebody_is_is_found(
    database: Database, kafka: Settings, run: Path, line: str
) -> None:
    assert found(database, kafka, run) == []
    with (run / "worker-1.log").open("a") as log:
        log.write(f"2026-05-23T10:00:00.000+00:00 info worker {line}\n")
    assert found(database, kafka, run) == [f"{run.name}/worker-1.log holds an original identifier"]


def test_a_message_that_tells_who_somebody_is_is_found_however_its_letters_are_written(
    database: Database, kafka: Settings, run: Path
) -> None:
    with_numbers = json.dumps({"v": 1, "kind": "clinical", "fact": {"arm": ["of MÜLLER, JANE"]}}).encode()
    assert b"\\u" in with_numbers
    producer = KafkaProducer(**kafka_login(kafka, "facts").options())
    producer.send("patient-events", key=b"P1", value=with_numbers).get(timeout=30)
    producer.close()
    assert found(database, kafka, run) == ["Kafka's topic patient-events holds an original identifier"]


def test_a_kafka_that_does_not_answer_is_named(database: Database, kafka: Settings, run: Path) -> None:
    away = kafka.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"})
    (failure,) = found(database, away, run)
    assert failure.startswith("Kafka's messages cannot be read")
