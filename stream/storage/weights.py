"""Weights in service: what is known, kept up to date and leading."""

import datetime as dt
import json
from collections.abc import Sequence

import psycopg

from models.card import COMMITTED, Card
from stream.storage import schema
from stream.storage.facts import append


def committed_cards() -> list[Card]:
    """The cards of the weights that come with this installation, by model."""
    return [Card.read(path) for path in sorted(COMMITTED.glob("*/card.json"))]


def install(connection: psycopg.Connection, cards: Sequence[Card], now: dt.datetime) -> None:
    """Put `cards` in service on a database that has no weights yet: active, and leading for their diseases."""
    append(connection, schema.weights, [_weights(card, now) for card in cards])
    if connection.execute("SELECT EXISTS (SELECT FROM core.active_weights)").fetchone()[0]:
        return
    xact = connection.execute("SELECT pg_current_xact_id()::text").fetchone()[0]
    open_ = {"since": now, "until": None}
    append(connection, schema.active_weights, [{"weights_version": card.weights_sha256, **open_} for card in cards])
    append(connection, schema.leads, [
        {"endpoint": endpoint, "disease": disease, "weights_version": card.weights_sha256, "since_xact": xact,
         "until_xact": None, **open_}
        for card in cards
        for endpoint in dict.fromkeys(each.endpoint for each in card.endpoints)
        for disease in card.applies_to.diseases])  # fmt: skip


def _weights(card: Card, now: dt.datetime) -> dict[str, object]:
    return {
        "weights_version": card.weights_sha256, "model": card.model, "feature_version": card.feature_version,
        "card": json.loads(card.to_json()), "added_at": now,
    }  # fmt: skip
