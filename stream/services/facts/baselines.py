"""Lines of therapy that a person begins: kept as treatments of a kind of their own, which no model sees."""

import datetime as dt

from models.criteria.lines import LOGGED_BASELINE
from stream.services.facts.clinical import Treatment, accept_treatments
from stream.storage import audit
from stream.storage.database import Connection
from stream.storage.intake.unfinished import is_treatment_seen
from stream.storage.patients.facts import standing_treatment


def accept_baseline(
    connection: Connection,
    received_as: str,
    start: dt.datetime,
    withdrawn: bool,
    by: str,
    why: str,
    now: dt.datetime,
) -> bool:
    """Append and log that a line begins at `start`, or that it does not after all; False where nothing changes."""
    fact = _fact(received_as, start, withdrawn)
    with connection.transaction():
        if withdrawn and standing_treatment(connection, fact.treatment_id) is None:
            return False
        changed = accept_treatments(connection, [fact], now)
        if changed:
            audit.record(connection, by, "baseline", received_as, why, now)
        return bool(changed)


def is_folded(connection: Connection, received_as: str, start: dt.datetime) -> bool:
    """Whether the timeline has taken it into account."""
    return is_treatment_seen(connection, _fact(received_as, start).treatment_id)


def _fact(received_as: str, start: dt.datetime, withdrawn: bool = False) -> Treatment:
    return Treatment(received_as, LOGGED_BASELINE, LOGGED_BASELINE, start, None, withdrawn=withdrawn)
