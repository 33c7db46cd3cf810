"""The Faust app of a worker: three agents over raw messages, a sweep, clocks for what is due, slow or unexplained."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import NoReturn

import faust

from stream.agents.assemble import Assemble
from stream.agents.batching import BATCH_LIMIT, MASS_LIMIT, Batcher, Handle
from stream.agents.consumer import read_what_is_there
from stream.agents.executor import end_process
from stream.agents.explain import ExplainAgent
from stream.agents.forecast import ForecastAgent
from stream.agents.measure import MeasureAgent
from stream.agents.outline import OutlineAgent
from stream.agents.stalled_partitions import LOOK_SECONDS, StallWatch, Unread
from stream.endpoints import KafkaLogin
from stream.publisher import GROUP, unread

LIMITS = {"timepoints": MASS_LIMIT}
"""Of what is handled together, where that is not BATCH_LIMIT."""
TICK_SECONDS = 0.1
"""How late a scan whose waiting time is over may fire."""
SWEEP_SECONDS = 5.0
EXPLAIN_SECONDS = 0.5
"""How late somebody sees why a risk moved, beside what it takes to work it out."""
SESSION_SECONDS, HEARTBEAT_SECONDS = 8, 2
"""After a death the others have its partitions this much later; shorter loses them to a slow garbage collection."""
IDLE_SECONDS = 10 * 365 * 86_400
"""A consumer that polled nothing for this long leaves its group, and behind Faust it never comes back: so after no
outage that is waited out. (What makes no progress for other reasons is the watchdog's.)"""
POLL_LIMIT = 128
BUFFERED_PER_PARTITION = 5 * POLL_LIMIT
"""Faust stops asking for a partition once its topic's buffer is four fifths full, and each partition may bring one poll
more. A buffer that cannot hold those fills up, and then Faust reads no topic at all until the slow one has room."""
METADATA_SECONDS = 5
"""How late a worker learns of topics that were made again after Kafka lost them; Faust's own are five minutes."""


@dataclass(frozen=True)
class Agents:
    """The agents of one worker, constructed and ready."""

    assemble: Assemble
    measure: MeasureAgent
    forecast: ForecastAgent
    explain: ExplainAgent
    outline: OutlineAgent


def build_app(login: KafkaLogin, agents: Agents, datadir: Path, partitions: int) -> faust.App:
    """A Faust app that reads the topics; run it with `run`. In `datadir` Faust makes folders and keeps nothing."""
    app = new_app(GROUP, login, datadir, partitions)
    handles = {
        "instances": agents.assemble.handle,
        "scans": agents.measure.handle,
        "timepoints": agents.forecast.timepoints,
        "patient-events": agents.forecast.patient_events,
    }
    add_agents(app, handles, partial(unread, login, app.conf.id))
    _add_clock(app, "tick", TICK_SECONDS, agents.assemble.tick)
    _add_clock(app, "sweep", SWEEP_SECONDS, agents.assemble.sweep)
    _add_clock(app, "explain", EXPLAIN_SECONDS, agents.explain.tick)
    _add_clock(app, "outline", TICK_SECONDS, agents.outline.tick)
    return app


def new_app(group: str, login: KafkaLogin, datadir: Path, partitions: int) -> faust.App:
    """An app of consumer group `group` without agents, whose topics have `partitions` partitions each."""
    app = faust.App(
        group,
        broker=[f"kafka://{server}" for server in login.servers],
        broker_credentials=credentials(login),
        store="memory://",
        datadir=datadir,
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        producer_threaded=False,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=METADATA_SECONDS * 1000,
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=HEARTBEAT_SECONDS,
        broker_max_poll_interval=IDLE_SECONDS,
        broker_max_poll_records=POLL_LIMIT,
        stream_buffer_maxsize=BUFFERED_PER_PARTITION * partitions,
    )
    read_what_is_there(app)
    return app


def add_agents(app: faust.App, handles: Mapping[str, Handle], unread: Unread) -> None:
    """Hand the messages of each topic to its handle in batches; acknowledged is what it returned from.

    The process ends once one of its partitions has messages that it does not read (`StallWatch`).
    """
    batchers = {topic: Batcher(handle, LIMITS.get(topic, BATCH_LIMIT)) for topic, handle in handles.items()}
    for topic, batcher in batchers.items():
        channel = app.topic(topic, key_serializer="raw", value_serializer="raw", value_type=bytes)
        app.agent(channel, name=topic, concurrency=1)(batcher.read)
        _add_task(app, batcher.work)
    _add_clock(app, "stalled", LOOK_SECONDS, StallWatch(app, batchers, unread).look)


def credentials(login: KafkaLogin) -> faust.SASLCredentials | None:
    """`login` as Faust takes it; None where nobody is asked who they are."""
    if not login.account:
        return None
    return faust.SASLCredentials(username=login.account, password=login.password, mechanism=login.mechanism)


def run(app: faust.App, at_end: Callable[[], None]) -> NoReturn:
    """Run until SIGTERM or SIGINT, then `at_end`. What Faust has to say goes through our own log.

    The process ends at once: work that a thread still does is not acknowledged and comes again; to wait for it
    would outlast the supervisor's patience.
    """
    worker = faust.Worker(app, redirect_stdouts=False, quiet=True, override_logging=False)
    worker.spinner = None
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        at_end()
        os._exit(int(end.code or 0))


def _add_clock(app: faust.App, name: str, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    async def clock() -> None:
        while not app.should_stop:
            try:
                await act()
            except Exception:
                end_process()
            await asyncio.sleep(seconds)

    clock.__name__ = name
    _add_task(app, clock)


def _add_task(app: faust.App, work: Callable[[], Awaitable[None]]) -> None:
    """A task whose end, but for that of the app, is the process's: Faust would go on without it and say nothing."""

    @wraps(work)
    async def task() -> None:
        try:
            await work()
        except asyncio.CancelledError:
            if not app.should_stop:
                end_process()
            raise

    app.task(task)
