"""Explanations of risks, and whose risks wait for one."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

import psycopg

from stream.storage import schema
from stream.storage.appending import append

Says = Mapping[str, Any]
"""What an explanation says, as plain values of JSON."""


class Unexplained(NamedTuple):
    """A timeline whose risks may be new; `since`: the latest news of it."""

    patient_id: str
    since: dt.datetime


class ForecastsOfEndpoint(NamedTuple):
    """What names the forecasts that one fold made of one endpoint after one scan: they are explained together."""

    fold_id: int
    weights_version: str
    scan_uid: str
    endpoint: str


def latest_unexplained(connection: psycopg.Connection) -> Unexplained | None:
    """The timeline with the latest news: somebody looks at it sooner than at what has waited for long."""
    query = "SELECT patient_id, since FROM core.unexplained ORDER BY since DESC LIMIT 1"
    row = connection.execute(query).fetchone()
    return None if row is None else Unexplained(*row)


def without_explanation(connection: psycopg.Connection, patient_id: str) -> list[ForecastsOfEndpoint]:
    """The current risks of a patient that are not explained yet."""
    query = """SELECT DISTINCT f.fold_id, f.weights_version, f.scan_uid, f.endpoint
    FROM scanstream.current_risk c
    JOIN core.forecasts f ON f.patient_id = c.patient_id AND f.weights_version = c.weights_version
      AND f.scan_uid = c.scan_uid AND f.endpoint = c.endpoint AND f.superseded_by IS NULL
    WHERE c.patient_id = %s AND NOT EXISTS (SELECT FROM core.explanations e
      WHERE e.fold_id = f.fold_id AND e.weights_version = f.weights_version AND e.scan_uid = f.scan_uid
        AND e.endpoint = f.endpoint)
    ORDER BY f.endpoint"""
    return [ForecastsOfEndpoint(*row) for row in connection.execute(query, [patient_id]).fetchall()]


def keep(
    connection: psycopg.Connection,
    patient_id: str,
    said: Mapping[ForecastsOfEndpoint, Says],
    why_not: Mapping[ForecastsOfEndpoint, str],
    now: dt.datetime,
) -> None:
    """Append explanations of a patient, what is there already stays as it is; note those that failed, and no others."""
    about = {"patient_id": patient_id}
    rows = [{**each._asdict(), **about, "explained_at": now, "says": says} for each, says in said.items()]
    append(connection, schema.explanations, rows)
    connection.execute("DELETE FROM core.unexplainable WHERE patient_id = %s", [patient_id])
    failed = [{**each._asdict(), **about, "tried_at": now, "reason": reason} for each, reason in why_not.items()]
    append(connection, schema.unexplainable, failed)


def no_longer_waits(connection: psycopg.Connection, timeline: Unexplained) -> None:
    """All news of the timeline up to `since` is explained; what came meanwhile waits on.

    A head's folds follow each other in time: what is not later than `since` was there when that was read.
    """
    query = "DELETE FROM core.unexplained WHERE patient_id = %s AND since <= %s"
    connection.execute(query, [timeline.patient_id, timeline.since])
