"""Weights in service: which are known, which are kept up to date, which lead, and what they still lack."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from models.card import COMMITTED, Card
from models.features import FEATURE_NAMES, MEASUREMENTS
from stream.storage import schema
from stream.storage.appending import append, write_later
from stream.storage.folding.leads import Lead, Pair
from stream.storage.folding.states import USUAL_BYTES, TimelineSteps
from stream.storage.folding.told_diseases import TOLD_DISEASES
from stream.storage.rows import only_row
from stream.timeline.entries import RULES


@dataclass(frozen=True)
class WeightsRecord:
    """Weights that the service knows; `active_since` None: their states are not kept up to date."""

    card: Card
    active_since: dt.datetime | None


def committed_cards() -> list[Card]:
    """The cards of the weights that come with this installation, by model."""
    return [Card.read(path) for path in sorted(COMMITTED.glob("*/card.json"))]


def install(connection: psycopg.Connection, cards: Sequence[Card], now: dt.datetime) -> None:
    """Put `cards` in service on a database that has no weights yet: active, and leading for their diseases."""
    append(connection, schema.weights, [_weights(card, now) for card in cards])
    (installed,) = only_row(connection.execute("SELECT EXISTS (SELECT FROM core.active_weights)"))
    if installed:
        return
    for card in cards:
        activate(connection, card, now)
        _lead(connection, dict.fromkeys(card.pairs, card.weights_sha256), now)


def activate(connection: psycopg.Connection, card: Card, now: dt.datetime) -> None:
    """From now on states of these weights are kept up to date; they are not active yet."""
    append(connection, schema.weights, [_weights(card, now)])
    row = {"weights_version": card.weights_sha256, "since": now, "until": None}
    append(connection, schema.active_weights, [row])


def known(connection: psycopg.Connection) -> dict[str, WeightsRecord]:
    """All weights that the service knows, by version: the longest known first."""
    rows = connection.execute(
        """SELECT w.weights_version, w.card, a.since FROM core.weights w
        LEFT JOIN core.active_weights a ON a.weights_version = w.weights_version AND a.until IS NULL
        ORDER BY w.added_at, w.model, w.weights_version"""
    ).fetchall()
    return {version: WeightsRecord(Card.of(card), since) for version, card, since in rows}


def active_versions(connection: psycopg.Connection) -> list[str]:
    """Weights whose states are kept up to date, sorted."""
    query = "SELECT weights_version FROM core.active_weights WHERE until IS NULL ORDER BY 1"
    return [version for (version,) in connection.execute(query).fetchall()]


def active_versions_of(connection: psycopg.Connection, model: str | None) -> list[str]:
    """Weights whose states are kept up to date, of one model only where given, sorted."""
    rows = connection.execute(
        """SELECT weights_version FROM core.active_weights JOIN core.weights w USING (weights_version)
        WHERE until IS NULL AND (%(model)s::text IS NULL OR w.model = %(model)s) ORDER BY 1""",
        {"model": model},
    ).fetchall()
    return [version for (version,) in rows]


def leads(connection: psycopg.Connection) -> list[Lead]:
    """Everything that leads or led, the oldest first."""
    query = "SELECT endpoint, disease, weights_version, since, until FROM core.leads ORDER BY since, endpoint, disease"
    return [Lead(*row) for row in connection.execute(query).fetchall()]


def moment(connection: psycopg.Connection) -> dt.datetime:
    """A time later than every fold and every change of leads so far; under the exclusive identity lock."""
    query = """SELECT greatest(clock_timestamp(), (SELECT max(changed_at) + interval '1 us' FROM core.heads),
      (SELECT max(since) + interval '1 us' FROM core.leads))"""
    now: dt.datetime
    (now,) = only_row(connection.execute(query))
    return now


def switch(connection: psycopg.Connection, wanted: Mapping[Pair, str | None], now: dt.datetime) -> None:
    """From `now` on these weights lead for these pairs, or none (None): open leads end, new ones begin."""
    xact = _transaction(connection)
    for lead in leads(connection):
        if lead.until is None and lead.pair in wanted:
            names = ("endpoint", "disease", "weights_version", "since")
            key = {name: getattr(lead, name) for name in names}
            write_later(connection, schema.leads, key, {"until": now, "until_xact": xact})
    _lead(connection, {pair: version for pair, version in wanted.items() if version is not None}, now)
    connection.execute("INSERT INTO core.unexplained SELECT patient_id, %s FROM core.heads WHERE version > 0", [now])


def lacking(connection: psycopg.Connection, version: str) -> list[TimelineSteps]:
    """Timelines with standing scans that lack a state of `version`, each with how many; the longest first."""
    query = LACKING + "SELECT patient_id, count(*), max(weight) FROM lacking GROUP BY 1 ORDER BY 2 DESC, 1"
    rows = connection.execute(query, {"versions": [version], **FEATURES}).fetchall()
    return [TimelineSteps(*row) for row in rows]


def behind(connection: psycopg.Connection, before: dt.datetime, limit: int) -> list[str]:
    """Some timelines that lack states of weights active since `before`, or questions that these ask; `limit` at most.

    Weights that led since are not looked at: promotion found that they lack nothing, and every fold keeps it so.
    """
    versions = connection.execute(
        """SELECT weights_version FROM core.active_weights a WHERE until IS NULL AND since < %s AND NOT EXISTS (
          SELECT FROM core.leads l WHERE l.weights_version = a.weights_version AND l.since >= a.since)""",
        [before],
    ).fetchall()
    query = LACKING + UNASKED + "SELECT patient_id FROM lacking UNION SELECT patient_id FROM unasked LIMIT %(limit)s"
    values = {"versions": [version for (version,) in versions], **FEATURES, "limit": limit}
    return [patient_id for (patient_id,) in connection.execute(query, values).fetchall()] if versions else []


def without_course(connection: psycopg.Connection, limit: int) -> list[str]:
    """Some timelines with scans that no visit of today's rules stands for, `limit` at most: folded before them."""
    query = """SELECT h.patient_id FROM core.heads h
    WHERE NOT EXISTS (SELECT FROM core.visits v
        WHERE v.patient_id = h.patient_id AND v.superseded_by IS NULL AND v.rules = %(rules)s)
      AND EXISTS (SELECT FROM core.placements p
        WHERE p.patient_id = h.patient_id AND p.kind = 'scan' AND p.ended_by IS NULL) LIMIT %(limit)s"""
    values = {"rules": RULES, "limit": limit}
    return [patient_id for (patient_id,) in connection.execute(query, values).fetchall()]


FEATURES = {"features": list(FEATURE_NAMES), "measured": MEASUREMENTS, "usual": USUAL_BYTES}
"""Parameters of LACKING, beside the versions."""

LACKING = f"""WITH {TOLD_DISEASES},
needing AS MATERIALIZED (
  SELECT w.weights_version, w.feature_version,
    1 + 4 * coalesce((w.card #>> '{{state_layout,size}}')::int, 0) / %(usual)s AS weight,
    ARRAY(SELECT json_array_elements_text(w.card #> '{{applies_to,diseases}}')) AS diseases,
    ARRAY(SELECT array_position(%(features)s::text[], need)
      FROM json_array_elements_text(w.card #> '{{applies_to,needs}}') need) AS places,
    ARRAY(SELECT e ->> 'endpoint' FROM json_array_elements(w.card -> 'endpoints') e) AS endpoints
  FROM core.weights w WHERE w.weights_version = ANY(%(versions)s)),
lacking AS (
  SELECT p.patient_id, p.id AS scan_uid, n.weight FROM needing n
  JOIN core.placements p ON p.kind = 'scan' AND p.ended_by IS NULL
  LEFT JOIN told t ON t.patient_id = p.patient_id
  LEFT JOIN core.visits v ON v.patient_id = p.patient_id AND v.scan_uid = p.id AND v.superseded_by IS NULL
  WHERE EXISTS (SELECT FROM core.features f, unnest(n.places) i WHERE f.scan_uid = p.id AND f.revision = p.revision
      AND f.feature_version IN (n.feature_version, %(measured)s)
      AND coalesce(t.disease, v.disease, f.disease) = ANY(n.diseases)
      AND abs(CASE WHEN v.x IS NULL THEN f.x[i] ELSE (v.x::jsonb ->> (i - 1))::float8 END) < 'infinity')
    -- a step is taken at the last scan of a visit
    AND (v.scan_uid IS NOT NULL OR NOT EXISTS (
      SELECT FROM core.visits o WHERE o.patient_id = p.patient_id AND o.superseded_by IS NULL))
    AND NOT EXISTS (SELECT FROM core.states s WHERE s.weights_version = n.weights_version AND s.scan_uid = p.id
      AND s.superseded_by IS NULL))
"""
"""`Forecaster.applies` in SQL: standing scans to which weights apply and which lack a standing state of them.

A card is long: what is asked of it is read once, not for each scan."""

UNASKED = """, unasked AS (
  SELECT p.patient_id FROM needing n CROSS JOIN unnest(n.endpoints) AS asked(endpoint)
  JOIN core.placements p ON p.kind = 'scan' AND p.ended_by IS NULL
  JOIN core.features f ON f.scan_uid = p.id AND f.revision = p.revision AND f.feature_version = %(measured)s
  LEFT JOIN told t ON t.patient_id = p.patient_id
  WHERE coalesce(t.disease, f.disease) = ANY(n.diseases)
    AND NOT EXISTS (SELECT FROM core.endpoint_statuses q
      WHERE q.patient_id = p.patient_id AND q.endpoint = asked.endpoint AND q.superseded_by IS NULL))
"""
"""Goes on from LACKING: timelines of a disease that weights are made for, which lack the status of their endpoint.

Weights may apply to none of their scans, for want of a size: then no state is lacking."""


def _lead(connection: psycopg.Connection, pairs: Mapping[Pair, str], now: dt.datetime) -> None:
    new = {"since": now, "until": None, "since_xact": _transaction(connection), "until_xact": None}
    rows = [
        {"endpoint": endpoint, "disease": disease, "weights_version": version, **new}
        for (endpoint, disease), version in pairs.items()
    ]
    append(connection, schema.leads, rows)


def _transaction(connection: psycopg.Connection) -> str:
    xact: str
    (xact,) = only_row(connection.execute("SELECT pg_current_xact_id()::text"))
    return xact


def _weights(card: Card, now: dt.datetime) -> dict[str, object]:
    return {
        "weights_version": card.weights_sha256,
        "model": card.model,
        "feature_version": card.feature_version,
        "card": json.loads(card.to_json()),
        "added_at": now,
    }
