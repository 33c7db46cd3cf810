"""Java's cache of Kafka's classes: used when it fits, and never a reason not to start."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from stream.endpoints import choose_endpoints
from stream.errors import CannotStart
from stream.local.embedded import class_cache, kafka

DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda good: good[: len(good) // 2],
    "not a cache": lambda good: b"not a cache",
    "empty": lambda good: b"",
    "other bytes amid it": lambda good: good[: len(good) // 4] + bytes(len(good) // 4) + good[len(good) // 2 :],
}


@pytest.fixture(scope="module")
def cache() -> Path:
    """As `make install` made it, or made now."""
    return class_cache.ensure_class_cache(kafka.fetch_jars())


def version(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Kafka's, asked of it by the command that starts it."""
    (folder / "run").mkdir(exist_ok=True)
    java, *words, _ = kafka.part(folder, choose_endpoints()).argv
    return subprocess.run([java, *options, *words, "--version"], capture_output=True, text=True)


def test_kafka_starts_with_the_cache_and_says_nothing_of_it(cache: Path, tmp_path: Path) -> None:
    ended = version(tmp_path, "-XX:AOTMode=on")  # Java ends with an error where it cannot use it
    assert ended.returncode == 0 and ended.stdout.splitlines()[-1] == "4.3.0", ended.stdout
    assert "[aot" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("how", DAMAGE)
def test_kafka_starts_over_a_damaged_cache_and_warns(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    damaged = tmp_path / "classes.aot"
    damaged.write_bytes(DAMAGE[how](cache.read_bytes()))
    monkeypatch.setattr(kafka, "class_cache", lambda jars: damaged)
    ended = version(tmp_path)
    assert ended.returncode == 0 and ended.stdout.splitlines()[-1] == "4.3.0", ended.stdout
    assert "AOT cache" in ended.stdout


def test_kafka_starts_over_a_cache_of_other_jars_and_warns(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jars = kafka.fetch_jars()
    monkeypatch.setattr(kafka, "fetch_jars", lambda: jars[::-1])
    monkeypatch.setattr(kafka, "class_cache", lambda jars: cache)
    ended = version(tmp_path)
    assert ended.returncode == 0 and ended.stdout.splitlines()[-1] == "4.3.0", ended.stdout
    assert "AOT cache" in ended.stdout


def test_kafka_starts_without_a_cache_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "class_cache", lambda jars: tmp_path / "none.aot")
    ended = version(tmp_path)
    assert ended.returncode == 0 and ended.stdout.splitlines()[-1] == "4.3.0", ended.stdout
    assert "[aot" not in ended.stdout + ended.stderr


def test_where_java_does_not_run_no_cache_is_made_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "class_cache", lambda jars: tmp_path / "classes.aot")
    monkeypatch.setattr(kafka, "JVM_OPTIONS", ("-Xunknown",))
    with pytest.raises(CannotStart, match="Kafka cannot make its files"):
        class_cache.ensure_class_cache(kafka.fetch_jars())
    assert not (tmp_path / "classes.aot").exists()
