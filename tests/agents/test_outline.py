"""Scans that take long wait beside the others, each once, and are measured one after the other."""

import asyncio
import json
from functools import partial
from typing import Any, cast

import pytest

from stream.agents.executor import Announcement, Executor
from stream.agents.measure import MeasureAgent
from stream.agents.outline import OutlineAgent
from stream.errors import TakesLong
from stream.measured_scan import MeasuredScan
from stream.messages import Letter
from stream.publisher import Publisher
from stream.services.accepting.received_files import accept
from stream.services.assembling import assembly
from stream.services.measuring import measurement
from stream.storage.intake.measurements import CompleteScan
from tests.database import Database
from tests.services.arrivals import report, statuses
from tests.services.assembling.test_assembly import RULES
from tests.services.receipts import described, moments_later, received

SLOW = ["s1", "s2"]


class Told:
    """What would be published."""

    def __init__(self) -> None:
        self.messages: list[Announcement] = []

    def publish(self, topic: str, key: str | None, fields: dict[str, Any]) -> None:
        self.messages.append((topic, key, fields))

    def flush(self) -> None:
        pass


@pytest.fixture
def complete(database: Database) -> list[tuple[str, int]]:
    """Two scans of images and one report, each complete and not measured."""
    gateway, worker = database.connect("gateway"), database.connect()
    whats = [described("s1", modality="MR"), described("s2", modality="MR"), report("s3", patient="PB")]
    accept(gateway, [received(what) for what in whats])
    fired = assembly.gather(worker, ["s1", "s2", "s3"], RULES, moments_later(60))
    return sorted((one.scan_uid, one.revision) for one in fired)


def agent(database: Database, told: Told, read: measurement.Measure) -> OutlineAgent:
    executor = Executor(partial(database.connect, "worker"), cast(Publisher, told), lambda _: None)
    return OutlineAgent(executor, read, "", lambda scan: "MR" in scan.modalities)


def nothing_in_it(scan: CompleteScan) -> MeasuredScan:
    return MeasuredScan((), None, "nothing to measure")


def test_what_needs_no_model_is_measured_at_once_and_the_rest_waits_here(
    database: Database, complete: list[tuple[str, int]]
) -> None:
    worker, told = database.connect(), Told()
    outline = agent(database, told, nothing_in_it)
    assert outline.left(worker, complete) == [("s3", 1)]
    assert outline.left(worker, complete) == [("s3", 1)], "a bell that is rung again"
    assert {status for _, _, status in statuses(worker)} == {"measuring"}
    asyncio.run(outline.tick())
    assert [(uid, status) for uid, _, status in statuses(worker)] == [
        ("s1", "waiting"),
        ("s2", "waiting"),
        ("s3", "measuring"),
    ]
    assert [(topic, fields["scan_uid"]) for topic, _, fields in told.messages] == [
        ("timepoints", "s1"),
        ("timepoints", "s2"),
    ]


def test_others_go_on_while_one_is_outlined(database: Database, complete: list[tuple[str, int]]) -> None:
    worker, read = database.connect(), list[str]()

    def outline_slowly(scan: CompleteScan) -> MeasuredScan:
        read.append(scan.scan_uid)
        if scan.scan_uid == SLOW[0]:  # while a network runs, the other agent measures
            assert outline.left(worker, complete) == [("s3", 1)]
            (other,) = measurement.waiting(worker, [("s3", 1)])
            assert other.modalities == ("SR",)
        return nothing_in_it(scan)

    outline = agent(database, Told(), outline_slowly)
    outline.left(worker, complete)
    asyncio.run(outline.tick())
    assert read == SLOW


def test_what_takes_long_is_measured_here_and_the_others_do_not_wait(
    database: Database, complete: list[tuple[str, int]]
) -> None:
    worker, told = database.connect(), Told()

    def quickly(scan: CompleteScan) -> MeasuredScan:
        if scan.scan_uid == "s2":
            raise TakesLong
        return nothing_in_it(scan)

    executor = Executor(partial(database.connect, "worker"), cast(Publisher, told), lambda _: None)
    late = OutlineAgent(executor, nothing_in_it, "", lambda _: False)
    measure = MeasureAgent(executor, quickly, "", late, at_once=2)
    letters = [Letter("PA", json.dumps({"v": 1, "scan_uid": uid, "revision": n}).encode()) for uid, n in complete]
    asyncio.run(measure.handle(letters))
    waits = {uid for uid, _, status in statuses(worker) if status == "measuring"}
    assert waits == {"s2"}
    assert {fields["scan_uid"] for _, _, fields in told.messages} == {"s1", "s3"}
    asyncio.run(measure.handle(letters))  # a bell that is rung again changes nothing
    asyncio.run(late.tick())
    assert {status for _, _, status in statuses(worker)} == {"waiting"}
    assert sorted(fields["scan_uid"] for _, _, fields in told.messages) == ["s1", "s2", "s3"]
