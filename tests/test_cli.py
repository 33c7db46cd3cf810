import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

import stream
from stream.__main__ import build_app
from stream.endpoints import free_port
from stream.local.lock_file import exclusive
from stream.terminal.help import PANELS


def scanstream(*words: str, folder: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """`scanstream WORDS` as a process of its own, in and on `folder`."""
    given = {f"SCANSTREAM_{name.upper()}": str(value) for name, value in {"data_dir": folder, **settings}.items()}
    given["PYTHONPATH"] = str(Path(stream.__file__).parents[1])
    command = ["env", *(f"{name}={value}" for name, value in given.items()), sys.executable, "-m", "stream", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def commands() -> Iterator[tuple[str, ...]]:
    """Every command and group, by its words."""
    waiting = [((), typer.main.get_command(build_app()))]
    while waiting:
        words, command = waiting.pop()
        yield words
        waiting.extend(((*words, name), below) for name, below in getattr(command, "commands", {}).items())


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_has_help_with_an_example(words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(build_app(), [*words, "--help"])
    assert told.exit_code == 0
    assert "Example: " in told.output


def test_help_loads_no_heavy_library() -> None:
    program = "import sys; from stream.__main__ import build_app; build_app(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "faust", "streamlit", "pandas", "sqlalchemy", "pydicom", "kafka"} & set(loaded)


@pytest.mark.parametrize("module", ["stream.commands.status", "stream.wiring.gateway"])
def test_what_asks_the_database_loads_nothing_of_what_migrates_it(module: str) -> None:
    program = f"import sys, stream.storage.database, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "alembic" not in loaded


def test_an_unknown_setting_is_named_and_exits_2(tmp_path: Path) -> None:
    ended = scanstream("up", folder=tmp_path, dicom_prot="104")
    assert ended.returncode == 2
    assert ended.stderr.startswith("scanstream: Unknown setting SCANSTREAM_DICOM_PROT")


def test_a_wrong_value_is_named_and_exits_2(tmp_path: Path) -> None:
    ended = scanstream("up", folder=tmp_path, time_zone="Berlin")
    assert ended.returncode == 2
    assert "SCANSTREAM_TIME_ZONE" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_command_exits_2(tmp_path: Path) -> None:
    assert scanstream("upp", folder=tmp_path).returncode == 2


@pytest.mark.parametrize("setting", ["dicom_port", "dashboard_port", "postgres_port"])
def test_a_port_in_use_is_named_with_its_setting_and_exits_3(tmp_path: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"dicom_port": free_port(), "dashboard_port": free_port(), setting: port}
        ended = scanstream("up", folder=tmp_path, **ports)
    assert ended.returncode == 3
    assert ended.stderr.strip().count("\n") == 0
    assert f"Port {port} on 127.0.0.1" in ended.stderr
    assert f"SCANSTREAM_{setting.upper()}" in ended.stderr


def test_a_second_service_on_the_same_folder_exits_3(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with exclusive(tmp_path / "run" / "up.lock"):
        ended = scanstream("up", folder=tmp_path)
    assert ended.returncode == 3
    assert f"A service runs on {tmp_path} already" in ended.stderr


def test_a_data_folder_that_cannot_be_made_is_named_and_exits_3(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = scanstream("up", folder=tmp_path, data_dir=tmp_path / "file" / "data")
    assert ended.returncode == 3
    assert ended.stderr.startswith(f"scanstream: {tmp_path}/file/data cannot be used (Not a directory)")


@pytest.mark.parametrize("command", ["up", "worker"])
def test_kafka_that_does_not_answer_is_named_with_its_setting_and_exits_3(tmp_path: Path, command: str) -> None:
    ports = {"dicom_port": free_port(), "dashboard_port": free_port()}
    ended = scanstream(command, folder=tmp_path, kafka_bootstrap_servers=f"127.0.0.1:{free_port()}", **ports)
    assert ended.returncode == 3
    assert "Kafka does not answer at 127.0.0.1" in ended.stderr
    assert "SCANSTREAM_KAFKA_BOOTSTRAP_SERVERS" in ended.stderr


def test_postgres_that_does_not_answer_is_named_with_its_setting_and_exits_3(tmp_path: Path) -> None:
    url = f"postgresql://boss:secret@127.0.0.1:{free_port()}/scans"
    ended = scanstream("up", folder=tmp_path, database_url=url, dicom_port=free_port(), dashboard_port=free_port())
    assert ended.returncode == 3
    assert "SCANSTREAM_DATABASE_URL" in ended.stderr
    assert "secret" not in ended.stderr


def test_the_help_shows_every_command_once_under_what_people_come_to_do() -> None:
    told = CliRunner().invoke(build_app(), ["--help"]).output
    named = [name for names in PANELS.values() for name in names]
    assert sorted(named) == sorted(words[0] for words in commands() if len(words) == 1)
    assert [told.index(f"─ {panel} ─") for panel in PANELS] == sorted(told.index(f"─ {panel} ─") for panel in PANELS)


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    assert scanstream("--version", folder=tmp_path).stdout == f"scanstream {version('scanstream')}\n"
