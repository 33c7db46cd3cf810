"""Hundreds of thousands of conversations and datasets that are nearly right: nobody dies of them, nobody waits."""

import hashlib
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import psutil
import pytest
from pydicom import Dataset, uid

from stream.dicom.gateway.content import read_content
from stream.dicom.gateway.sender import send
from stream.dicom.gateway.spool import InstanceRecord, Spool
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.files import read_dataset
from stream.dicom.reading.header import read_header
from stream.dicom.reading.measurements import measure_scan
from stream.endpoints import free_port
from stream.errors import Refuse, SetAside
from stream.settings import Settings, load_settings
from tests.dicom.factories import dataset_bytes, make_image, make_kos, make_seg, make_series, make_sr, save
from tests.faults.fuzzing import SUCCESS, Sender, conversations, datasets, said_to
from tests.faults.page import recorded
from tests.journey.service import SETTLE_SECONDS
from tests.waiting import wait_until

SEEDS = (1,)
CONVERSATIONS, PARSED, SENT = 200_000, 1_000_000, 20_000
AT_ONCE = 4
GROWTH_MIB, KNOWN_P95_SECONDS, READER_MIB = 200, 2.0, 1536
BETWEEN_SECONDS = 0.5
NAMES = Pseudonyms(bytes(32))

pytestmark = [pytest.mark.timeout(4 * 3600), pytest.mark.filterwarnings("ignore::UserWarning")]


def of_each_kind() -> list[Dataset]:
    images = make_series(np.zeros((3, 16, 16)))
    return [make_image(), make_sr(), make_seg([np.ones((3, 16, 16), bool)], images), make_kos(images)]


@contextmanager
def gateway(folder: Path) -> Iterator[tuple[Settings, psutil.Process]]:
    """A gateway that keeps what comes: its Postgres and Kafka are away."""
    nobody = free_port()
    settings = load_settings(
        data_dir=folder / "data",
        dicom_port=free_port(),
        database_url=f"postgresql://nobody@127.0.0.1:{nobody}/none",
        database_password_gateway="none",
        kafka_bootstrap_servers=f"127.0.0.1:{nobody}",
    )
    environment = {**os.environ, **settings.environment()}
    with (folder / "gateway.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "stream", "gateway"], env=environment, stderr=log)
        try:
            wait_until(lambda: _listens(settings.dicom_port), SETTLE_SECONDS)
            yield settings, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(SETTLE_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


class KnownSender:
    """Sends a report now and then, all the time."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._file = settings, save(make_sr(), folder / "known.dcm")
        self._stop = threading.Event()
        self.seconds: list[float] = []
        self.failed = 0

    def __enter__(self) -> "KnownSender":
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        to = self._settings
        while not self._stop.wait(BETWEEN_SECONDS):
            began = time.monotonic()
            ((said),) = send([self._file], to.dicom_host, to.dicom_port, to.dicom_ae_title, "KNOWN")
            self.seconds.append(time.monotonic() - began)
            self.failed += said.status != SUCCESS


def mib(process: psutil.Process) -> float:
    """Memory of a process and its children that no other has."""
    return sum(one.memory_full_info().uss for one in (process, *process.children(recursive=True))) / 2**20


def test_no_conversation_kills_the_gateway_or_makes_a_known_sender_wait(
    seed: int, times: Callable[[int], int], tmp_path: Path
) -> None:
    number = times(CONVERSATIONS)
    with recorded("fuzzed", "conversations", seed) as counts, gateway(tmp_path) as (settings, process):
        warm = conversations(random.Random(0))
        for said in islice(warm, 200):
            said_to(settings.dicom_port, said)
        before = mib(process)
        with KnownSender(settings, tmp_path) as known, ThreadPoolExecutor(AT_ONCE) as several:
            rngs = [random.Random(seed * 1000 + n) for n in range(AT_ONCE)]
            list(several.map(lambda rng: _talk(settings.dicom_port, rng, number // AT_ONCE), rngs))
        counts["conversations"] = number
        counts["deaths"] = 0 if process.is_running() and process.status() != psutil.STATUS_ZOMBIE else 1
        counts["memory"] = f"{before:.0f} MiB before, {mib(process) - before:+.0f} MiB"
        p95 = float(np.percentile(known.seconds, 95))
        counts["a known sender"] = f"{len(known.seconds)} times, p95 {p95:.2f} s, failed {known.failed}"
        failures = [
            line
            for line in (tmp_path / "gateway.log").read_text().splitlines()
            if "Traceback" in line and "library_said" not in line
        ]
        counts["tracebacks"] = len(failures)
        assert counts["deaths"] == 0 and not failures and known.failed == 0
        assert mib(process) - before <= GROWTH_MIB and p95 <= KNOWN_P95_SECONDS


def _talk(port: int, rng: random.Random, number: int) -> None:
    for said in islice(conversations(rng), number):
        said_to(port, said)


def test_every_dataset_is_refused_set_aside_or_read(seed: int, times: Callable[[int], int], tmp_path: Path) -> None:
    """In this process, without a child to catch anything."""
    number, told, file = times(PARSED), Counter[str](), tmp_path / "file.dcm"
    settings = Settings(data_dir=tmp_path / "data")
    with recorded("fuzzed", "datasets through the parsers", seed) as counts:
        for one, said in islice(datasets(random.Random(seed), of_each_kind()), number):
            told[_end_of(one, said, file, settings)] += 1
        counts |= {"datasets": number, **{word: told[word] for word in sorted(told)}}
        peak = psutil.Process().memory_info().rss / 2**20
        counts["memory"] = f"{peak:.0f} MiB"
        assert peak <= READER_MIB


def _end_of(one: Dataset, said: bytes, file: Path, settings: Settings) -> str:
    try:
        read_content(said, uid.ExplicitVRLittleEndian)
    except Refuse as refusal:
        assert refusal.status in (0xC000, 0xA700)
        return "refused"
    head = save(one, file).read_bytes().removesuffix(dataset_bytes(file))
    file.write_bytes(head + said)
    try:
        read_header(read_dataset(file), settings, "FUZZ")
        measure_scan([file], NAMES, "PA")
    except SetAside:
        return "set aside"
    return "read"


def test_what_is_answered_with_success_is_kept_as_it_was_sent_and_nothing_else_is(
    seed: int, times: Callable[[int], int], tmp_path: Path
) -> None:
    number, made = times(SENT), of_each_kind()
    contexts = {2 * at + 1: str(one.SOPClassUID) for at, one in enumerate(made)}
    with recorded("fuzzed", "datasets through the port", seed) as counts, gateway(tmp_path) as (settings, process):
        sender, told = Sender(settings.dicom_port, contexts), Counter[str]()
        taken: Counter[str] = Counter()
        for one, said in islice(datasets(random.Random(seed), made), number):
            status = sender.store(str(one.SOPClassUID), str(one.SOPInstanceUID), said)
            told["ended" if status is None else "kept" if status == SUCCESS else "refused"] += 1
            taken[hashlib.sha256(said).hexdigest()] += status == SUCCESS
        sender.close()
        counts |= {"datasets": number, **{word: told[word] for word in sorted(told)}}
        spool = Spool(settings.spool)
        records = [record for record in spool.records() if isinstance(record, InstanceRecord)]
        kept = Counter(hashlib.sha256(dataset_bytes(spool.file(record))).hexdigest() for record in records)
        counts["memory"] = f"{mib(process):.0f} MiB"
        assert kept == +taken and process.is_running()
