"""Java's ahead-of-time cache of the classes Kafka loads (JEP 514), made once beside the jars: a start takes half."""

import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from stream.endpoints import choose_endpoints
from stream.errors import CannotStart
from stream.local.embedded import kafka

POLL_SECONDS = 0.1
END_SECONDS = 120.0
"""Java writes the cache (66 MB) when the broker ends: 5 s of a quiet core."""


def ensure_class_cache(jars: list[Path]) -> Path:
    """The cache for these jars and this Java, made by a broker on a folder of its own where there is none yet (10 s).

    Raises CannotStart where Java makes none.
    """
    cache = kafka.class_cache(jars)
    if not cache.exists():
        with TemporaryDirectory(dir=kafka.CACHE) as folder:
            new = Path(folder) / "classes.aot"
            _make(new, Path(folder))
            new.replace(cache)
    return cache


def _make(new: Path, data_dir: Path) -> None:
    """A broker that notes what it loads until it has made its accounts, then writes it to `new`."""
    run = data_dir / "run"
    run.mkdir()
    broker = kafka.part(data_dir, choose_endpoints())
    assert broker.prepare is not None and broker.ready is not None
    broker.prepare()
    java, *words = broker.argv
    with (run / "kafka.log").open("w+") as log:
        process = subprocess.Popen([java, f"-XX:AOTCacheOutput={new}", *words], stdout=log, stderr=log)
        try:
            while not (answered := broker.ready()) and process.poll() is None:
                time.sleep(POLL_SECONDS)
            process.terminate()
            process.wait(END_SECONDS)
        finally:
            process.kill()
        if not (answered and new.exists()):
            log.seek(0)
            raise CannotStart(f"Java made no cache of Kafka's classes: {log.read().strip()[-300:]}")
