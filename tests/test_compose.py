"""docker-compose.yml and the Dockerfile, without a container engine: parsed, and run as the very same processes."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from stream.dicom.gateway.guard import Guard
from stream.endpoints import KAFKA_ADMIN, free_port, kafka_login, load_endpoints
from stream.errors import WrongUse
from stream.settings import PREFIX, Settings, load_settings
from stream.simulated.synthetic import make_sr, save
from tests.containers import FROM_ELSEWHERE, ROOT, Containers, compose_services, running
from tests.database import new_database
from tests.kafka_accounts import kafka_accounts
from tests.programs import needs_program

BUILD = "from setuptools.build_meta import build_wheel; build_wheel('wheel')"
SERVICES = compose_services({})
FILE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
NETWORKS, SECRETS = FILE["networks"], FILE["secrets"]
OURS = sorted(SERVICES.keys() - set(FROM_ELSEWHERE))
LASTING = sorted(name for name in SERVICES if SERVICES[name]["restart"] != "no")


def dockerfile(instruction: str) -> list[str]:
    """Arguments of every such instruction in the Dockerfile."""
    return re.findall(rf"^{instruction} (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages as the image installs them: a wheel of just those files that the Dockerfile copies."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    for arguments in dockerfile("COPY"):
        if arguments.startswith("--from"):
            continue
        for name in arguments.split()[:-1]:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            (source / name).parent.mkdir(exist_ok=True)
            copy(ROOT / name, source / name)
    (source / "wheel").mkdir()
    subprocess.run([sys.executable, "-c", BUILD], cwd=source, check=True, capture_output=True)
    (wheel,) = (source / "wheel").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(target)
    return target


@pytest.fixture(scope="module")
def containers(services: Settings, site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """All services that stay up, beside the Postgres and Kafka of the session."""
    made = new_database(services)
    endpoints = load_endpoints(services)
    secrets = {f"scanstream_database_password_{role}": word for role, word in endpoints.passwords.items()}
    secrets |= {f"scanstream_{name}": word for name, word in kafka_accounts(services).items()}
    variables = {"SCANSTREAM_OPEN": "yes"}
    database = made.settings.database_url.rpartition("@")[2]
    replaced = {
        "postgres:5432/scanstream": database,
        "kafka:9092": kafka_login(services, KAFKA_ADMIN).servers[0],
        "0.0.0.0": "127.0.0.1",
        "11112": str(free_port()),
        "8501": str(free_port()),
    }
    folder = tmp_path_factory.mktemp("containers")
    with running(Containers(compose_services(variables), folder, site, replaced, secrets)) as containers:
        yield containers


def test_every_password_is_a_file_of_its_own_and_none_stands_in_an_environment() -> None:
    assert {name: made["file"] for name, made in SECRETS.items()} == {name: f"./secrets/{name}" for name in SECRETS}
    known = {name.removeprefix("scanstream_") for name in SECRETS}
    assert known == {name for name in Settings.model_fields if "_password_" in name}
    for name, made in SERVICES.items():
        told = {key for key in made["environment"] if "PASSWORD" in key}
        assert told == ({"POSTGRES_PASSWORD_FILE"} if name == "postgres" else set())
    assert "./secrets" not in (ROOT / ".dockerignore").read_text()


def test_what_the_readme_makes_are_these_files(tmp_path: Path) -> None:
    commands = (ROOT / "README.md").read_text().partition("mkdir -m 700 secrets")
    made = commands[1] + commands[2].partition("\nSCANSTREAM_OPEN")[0]
    subprocess.run(["bash", "-ec", made], cwd=tmp_path, check=True)
    words = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    assert words.keys() == SECRETS.keys()
    assert len(set(words.values())) == len(words)
    assert all(re.fullmatch("[0-9a-f]{48}", word) for word in words.values()), (
        "Kafka takes a line's end as a part of it"
    )


@pytest.mark.parametrize("name", LASTING)
def test_whatever_stays_up_has_a_health_check_and_is_started_again(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_can_gain_rights(name: str) -> None:
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    assert SERVICES[name].get("user") != "root"


def test_our_image_runs_as_a_user_without_rights() -> None:
    assert int(dockerfile("USER")[-1]) > 0
    assert all(SERVICES[name]["read_only"] and "user" not in SERVICES[name] for name in OURS)


def test_only_the_services_that_migrate_know_the_owner_of_the_database() -> None:
    knowing = {name for name in OURS if "scanstream_database_password_migrator" in SERVICES[name]["secrets"]}
    assert knowing == {"migrate", "scanstream"}


def test_a_running_part_knows_the_passwords_of_its_own_role_and_account_only() -> None:
    for name in ("gateway", "worker", "dashboard"):
        kafka = set() if name == "dashboard" else {f"scanstream_kafka_password_{name}"}
        assert set(SERVICES[name]["secrets"]) == {f"scanstream_database_password_{name}"} | kafka


def test_postgres_and_kafka_have_no_way_out_and_nobody_meets_what_he_does_not_need() -> None:
    inside = {name for name, made in NETWORKS.items() if made and made.get("internal")}
    assert {name: set(SERVICES[name]["networks"]) - inside for name in LASTING} == {
        "kafka": set(), "postgres": set(), "worker": set(), "gateway": {"door"}, "dashboard": {"pages"}
    }  # fmt: skip
    assert "messages" not in SERVICES["dashboard"]["networks"]


def test_only_the_gateway_can_be_published_for_a_network_and_only_if_it_knows_whom_to_let_in() -> None:
    anywhere = {"DICOM_ADDRESS": "0.0.0.0", "DASHBOARD_ADDRESS": "0.0.0.0"}
    ports = {name: made.get("ports", []) for name, made in compose_services(anywhere).items()}
    assert {name for name, published in ports.items() if published} == {"gateway", "dashboard"}
    assert ports["gateway"] == ["0.0.0.0:11112:11112"]
    assert ports["dashboard"] == ["127.0.0.1:8501:8501"]
    assert SERVICES["gateway"]["ports"] == ["127.0.0.1:11112:11112"]
    door = {name: SERVICES["gateway"]["environment"][f"{PREFIX}{name.upper()}"] for name in ("dicom_host", "open")}
    with pytest.raises(WrongUse, match="SCANSTREAM_OPEN=yes"):
        Guard(load_settings(data_dir=Path("/nowhere"), **door))


def test_images_are_pinned_by_their_digests_once_and_for_all(tmp_path: Path) -> None:
    for name in ("Makefile", "docker-compose.yml", "Dockerfile"):
        shutil.copy(ROOT / name, tmp_path)
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\necho "sha256:$(printf %s "$4" | sha256sum | cut -c1-64)"\n')
    docker.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    for _ in range(2):
        subprocess.run(["make", "pin-images"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    images = re.findall(r"^ *(?:image:|FROM) (\S+)", (tmp_path / "docker-compose.yml").read_text(), re.MULTILINE)
    images += re.findall(r"^FROM (\S+)", (tmp_path / "Dockerfile").read_text(), re.MULTILINE)
    foreign = [image for image in images if image != "scanstream"]
    assert len(foreign) == 4
    for image in foreign:
        name, _, digest = image.partition("@")
        assert digest == f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_takes_all_memory_or_processes_of_the_machine(name: str) -> None:
    assert SERVICES[name]["mem_limit"]
    assert SERVICES[name]["pids_limit"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_fills_the_disk_with_what_it_logs(name: str) -> None:
    logging = SERVICES[name]["logging"]
    assert logging["driver"] == "json-file", "the limits are those of this driver"
    size, files = (logging["options"][limit] for limit in ("max-size", "max-file"))
    assert int(size.removesuffix("m")) * int(files) <= 50


def test_archive_and_key_are_shared_and_only_the_gateway_keeps_a_spool() -> None:
    assert SERVICES["gateway"]["volumes"] == ["spool:/data", "archive:/archive", "key:/key"]
    assert SERVICES["worker"]["volumes"] == ["archive:/archive", "key:/key:ro"]
    assert "volumes" not in SERVICES["dashboard"]


def test_every_setting_in_the_file_exists() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    named = set(re.findall(rf"^ +{PREFIX}(\w+):", text, re.MULTILINE))
    assert {name.lower() for name in named} <= Settings.model_fields.keys()


def test_what_the_builder_gets_is_what_the_dockerfile_copies() -> None:
    sent = {line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word for line in dockerfile("COPY") if not line.startswith("--from") for word in line.split()[:-1]}
    assert sent == copied


@pytest.mark.parametrize("name", ["gateway", "worker", "dashboard"])
def test_every_part_becomes_healthy_by_the_check_of_the_file(containers: Containers, name: str) -> None:
    containers.wait_until_healthy(name)


def test_a_report_sent_to_the_gateway_has_its_forecasts(containers: Containers, tmp_path: Path) -> None:
    report = save(make_sr(PatientID="container"), tmp_path / "sr.dcm")
    port = containers.real("gateway", "11112")
    containers.wait_until_healthy("gateway")
    subprocess.run([needs_program("storescu"), "-R", "-aec", "SCANSTREAM", "127.0.0.1", port, report], check=True)
    containers.run("scanstream", "status", "--wait", "60")
    risks = json.loads(containers.run("scanstream", "risk", "container", "--json"))
    assert {(row["endpoint"], row["horizon_days"]) for row in risks} == {
        ("progression", days) for days in (90, 180, 365, None)
    }
