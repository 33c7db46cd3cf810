"""Putting weights in service, letting them lead, and letting what led before lead again (docs/protocol.md 4).

All of it under the exclusive identity lock: no fold is under way, so that every fold sees one set of active weights and
nothing that leads lacks a state.
"""

import json
from collections.abc import Iterable, Mapping

from models.card import Card
from stream.errors import AnswerIsNo, WrongUse
from stream.storage import audit
from stream.storage.database import Connection
from stream.storage.folding import active_weights
from stream.storage.folding.active_weights import WeightsRecord
from stream.storage.folding.leads import Lead, Pair
from stream.storage.locks import identity_held

SHORT = 12
"""Characters of a weights version that people are shown."""


def put_in_service(connection: Connection, card: Card, who: str, why: str | None) -> bool:
    """From now on every fold makes states under these weights too; False where that is so already.

    Raises WrongUse where the weights are known with another card.
    """
    version = card.weights_sha256
    with identity_held(connection):
        before = active_weights.known(connection).get(version)
        if before and json.loads(before.card.to_json()) != json.loads(card.to_json()):
            raise WrongUse(f"The weights {version[:SHORT]} are known here with another card: nothing was changed.")
        if before and before.active_since:
            return False
        now = active_weights.moment(connection)
        active_weights.activate(connection, card, now)
        audit.record(connection, who, "model add", version, why, now)
    return True


def record_network(connection: Connection, version: str, who: str, why: str | None) -> None:
    """Log that `who` let a network read slices; it has no states, and leads in nothing."""
    with connection.transaction():
        audit.record(connection, who, "model add", version, why)


def version_of(connection: Connection, prefix: str) -> str:
    """The version of the known weights that begins with `prefix`; AnswerIsNo for none, WrongUse for several."""
    versions = [version for version in active_weights.known(connection) if version.startswith(prefix.lower())]
    if not versions:
        raise AnswerIsNo(f"No weights {prefix} are known here: `scanstream model list` names them.")
    if len(versions) > 1:
        several = ", ".join(version[:SHORT] for version in versions)
        raise WrongUse(f"{prefix} begins several versions ({several}): give more of it.")
    return versions[0]


def promote(connection: Connection, version: str, who: str, why: str | None) -> list[Pair]:
    """Let `version` lead for all its endpoints and diseases; returns those for which it did not lead before.

    Raises AnswerIsNo while a scan to which it applies lacks its state, and where it answers nothing that is led.
    """
    with identity_held(connection):
        known = active_weights.known(connection)
        if not known[version].card.pairs:
            raise AnswerIsNo("These weights draw maps and answer no question: nothing is led by them.")
        led = {lead.pair: lead.weights_version for lead in active_weights.leads(connection) if lead.until is None}
        changed = [pair for pair in known[version].card.pairs if led.get(pair) != version]
        if changed:
            _switch(connection, known, dict.fromkeys(changed, version), ("model promote", version), who, why)
    return changed


def rollback(connection: Connection, model: str | None, who: str, why: str | None) -> dict[Pair, str | None]:
    """Undo the last switch (of `model`, where given): what led before leads again; returns what leads now.

    Raises AnswerIsNo where nothing led before, or while a scan lacks a state of what would lead.
    """
    with identity_held(connection):
        known, history = active_weights.known(connection), active_weights.leads(connection)
        last = _last_switch(known, history, model)
        wanted = {lead.pair: _before(history, lead) for lead in last}
        if not any(wanted.values()):
            raise AnswerIsNo(f"Nothing led before {_named(known, last[0].weights_version)}: there is no way back.")
        _switch(connection, known, wanted, ("model rollback", last[0].weights_version), who, why)
    return wanted


def _switch(
    connection: Connection,
    known: Mapping[str, WeightsRecord],
    wanted: Mapping[Pair, str | None],
    log: tuple[str, str],
    who: str,
    why: str | None,
) -> None:
    for version in sorted(filter(None, set(wanted.values()))):
        _refuse_unready(connection, known, version)
    now = active_weights.moment(connection)
    active_weights.switch(connection, wanted, now)
    audit.record(connection, who, *log, why, now)


def _refuse_unready(connection: Connection, known: Mapping[str, WeightsRecord], version: str) -> None:
    name = _named(known, version)
    if known[version].active_since is None:
        raise AnswerIsNo(f"{name} is not in service: `scanstream model add` puts it there.")
    if waiting := sum(timeline.steps for timeline in active_weights.lacking(connection, version)):
        raise AnswerIsNo(
            f"{waiting} scans still wait for their state under {name}: the workers go on with it, and so does "
            "`scanstream model add`."
        )


def _last_switch(known: Mapping[str, WeightsRecord], history: Iterable[Lead], model: str | None) -> list[Lead]:
    """The open leads that began last, all at one time and of one set of weights."""
    leading = [lead for lead in history if lead.until is None]
    mine = [lead for lead in leading if model in (None, known[lead.weights_version].card.model)]
    if not mine:
        raise AnswerIsNo(f"No model {model} leads: `scanstream model list` names those that do.")
    last = max(mine, key=lambda lead: lead.since)
    return [lead for lead in mine if (lead.since, lead.weights_version) == (last.since, last.weights_version)]


def _before(history: Iterable[Lead], lead: Lead) -> str | None:
    """What led for the same until `lead` began."""
    before = (other for other in history if other.pair == lead.pair and other.until == lead.since)
    return next((other.weights_version for other in before), None)


def _named(known: Mapping[str, WeightsRecord], version: str) -> str:
    return f"{known[version].card.model} {version[:SHORT]}"
