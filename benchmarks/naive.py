"""`python -m benchmarks.naive TOPIC`: the agent one would write first, to stand beside ours.

The same pure functions, tables, rows and durability, a pooled connection; but per event one step of one patient, one
transaction with plain INSERTs, and Faust's own acknowledgement.
"""

import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import faust
import numpy as np
from psycopg import sql

from models.serving.forecaster import Forecaster, committed_forecasters
from stream.agents.app import credentials
from stream.endpoints import KAFKA_ADMIN, KafkaLogin, kafka_login
from stream.services.folding.fold_rows import FoldRows, fold_rows
from stream.services.folding.stepping import fold
from stream.settings import load_settings
from stream.storage import schema
from stream.storage.appending import qualified
from stream.storage.database import Connection, engine
from stream.storage.folding import folds, staging
from stream.storage.folding.states import read_states
from stream.storage.folding.timelines import read_timelines, resolve
from stream.storage.locks import lock_heads
from stream.timeline.planning import Plan, plan


def build_app(login: KafkaLogin, topic: str) -> faust.App:
    """One agent, one event at a time."""
    settings = load_settings()
    pool = engine(settings, "worker")
    forecasters = {each.weights_version: each for each in committed_forecasters(settings.device)}
    app = faust.App(
        "naive",
        broker=[f"kafka://{server}" for server in login.servers],
        broker_credentials=credentials(login),
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
    )

    @app.agent(app.topic(topic, value_serializer="json"))
    async def step(messages: faust.Stream) -> None:
        async for message in messages:
            with pool.connect() as pooled:
                apply(pooled.connection.driver_connection, forecasters, message["scan_uid"])

    return app


def apply(connection: Connection, forecasters: Mapping[str, Forecaster], scan_uid: str) -> None:
    """Bring the timeline of `scan_uid` into line in one transaction."""
    with connection.transaction():
        patient_id = resolve(connection, [scan_uid])[scan_uid]
        lock_heads(connection, [patient_id])
        (timeline,) = read_timelines(connection, [patient_id])
        to_do = plan(timeline, list(forecasters.values()))
        if not to_do.changed:
            return
        results = fold([to_do], forecasters, _bases(connection, to_do))
        (fold_id,) = folds.take_fold_ids(connection, 1)
        now, _ = folds.fold_time(connection, [patient_id])
        _write(connection, fold_rows(fold_id, to_do, results[patient_id], []), now)


def _bases(connection: Connection, to_do: Plan) -> dict[tuple[str, str], np.ndarray]:
    keys = [each.base.key for each in to_do.weights_plans if each.base and each.steps]
    states, patient_id = read_states(connection, keys), to_do.timeline.patient_id
    return {(patient_id, key.weights_version): np.frombuffer(data, "<f4") for key, data in states.items()}


def _write(connection: Connection, rows: FoldRows, now: dt.datetime) -> None:
    for mark in rows.latest_marks:
        connection.execute(
            "UPDATE core.forecasts SET tip = %s WHERE weights_version = %s AND scan_uid = %s AND superseded_by IS NULL",
            [mark.tip, mark.weights_version, mark.scan_uid],
        )
    for table in staging.WRITTEN:
        _insert(connection, table, rows.written[table], now)
    head = rows.fold_row(now)
    _insert(connection, schema.folds, [head], now)
    connection.execute(
        "UPDATE core.heads SET version = %s, changed_at = %s, fold_digest = %s WHERE patient_id = %s",
        [head["head_version"], now, head["digest"], head["patient_id"]],
    )
    connection.cursor().executemany(
        "UPDATE core.assembly SET status = 'applied', changed_at = %s WHERE scan_uid = %s AND revision = %s",
        [[now, row["id"], row["revision"]] for row in rows.written[schema.ledger]],
    )


def _insert(connection: Connection, table: schema.Table, rows: Sequence[Mapping[str, Any]], now: dt.datetime) -> None:
    timed = {"placed_at": now, "computed_at": now}
    names = [*staging.travelling(table), *filter(None, [folds.TIME.get(table)])]
    names += ["superseded_at"] if table in staging.FORECASTS else []
    command = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        qualified(table),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(map(sql.Placeholder, names)),
    )
    ended = [{"superseded_at": now if row.get("superseded_by") else None} for row in rows]
    values = [
        {name: _lists(value) for name, value in {**row, **timed, **ends}.items()}
        for row, ends in zip(rows, ended, strict=True)
    ]
    connection.cursor().executemany(command, values)


def _lists(value: Any) -> Any:
    """Tuples as lists: psycopg takes a tuple for a record, a list for an array."""
    return list(map(_lists, value)) if isinstance(value, tuple) else value


if __name__ == "__main__":
    app = build_app(kafka_login(load_settings(), KAFKA_ADMIN), sys.argv[1])
    faust.Worker(app, loglevel="WARNING", redirect_stdouts=False, quiet=True).execute_from_commandline()
