"""What workers died with: taken one at a time, and set aside by the third death with nothing else in hand."""

import datetime as dt
from collections.abc import Callable, Sequence

from stream import logs
from stream.crash import reach
from stream.services.accepting.set_asides import item_id, set_aside_row
from stream.storage import schema
from stream.storage.appending import append, write_later
from stream.storage.database import Connection
from stream.storage.intake import assembly
from stream.storage.intake.assembly import RevisionKey
from stream.storage.intake.set_asides import count_killers, held_messages, held_timelines
from stream.storage.intake.suspects import WorkItem, add_charges, charged_deaths, clear
from stream.storage.locks import identity_held
from stream.vocabulary import IdentityOutcome, ReasonCode

DEATHS = 3
"""One may be chance and two a coincidence: a machine that is switched off kills whatever is in hand."""
REASON = f"A worker ended {DEATHS} times with nothing but this {{}} in hand; its log says more."


def split(connection: Connection, items: Sequence[WorkItem]) -> tuple[list[WorkItem], list[WorkItem]]:
    """Those of `items` to take together, and those to take one at a time afterwards, the least charged first.

    What is set aside is left out. Messages keep their order, since the later of two facts stands.
    """
    aside = _set_aside_already(connection, items)
    wanted = [item for item in dict.fromkeys(items) if item not in aside]
    deaths = charged_deaths(connection, wanted)
    if deaths and wanted[0].kind == "message":
        return [], wanted
    return [item for item in wanted if item not in deaths], sorted(deaths, key=deaths.__getitem__)


def charge(connection: Connection, items: Sequence[WorkItem], now: dt.datetime, forget: Callable[[], None]) -> None:
    """A worker died with `items` in hand, and nothing else. One that was alone is charged, three times set aside.

    `forget` makes the death unknown before it counts: a second death meanwhile must not count this one twice.
    """
    with connection.transaction():
        add_charges(connection, items, int(len(items) == 1), now)
        for item, deaths in charged_deaths(connection, items).items():
            logs.event("suspect", kind=item.kind, id=item.id, revision=item.revision, attempts=deaths)
            if deaths >= DEATHS:
                SET_ASIDE[item.kind](connection, item, now)
                clear(connection, item)
                reach("suspects.set_aside")
        reach("suspects.charged")
        forget()
        reach("suspects.forgotten")


def _set_aside_already(connection: Connection, items: Sequence[WorkItem]) -> set[WorkItem]:
    """Those of `items` that are set aside where the work itself does not look."""
    timelines = held_timelines(connection) if any(item.kind == "timeline" for item in items) else set()
    unmade = [item.id for item in items if item.kind == "scan" and not item.revision]
    messages = [item_id(item.id) for item in items if item.kind == "message"]
    by_kind = {
        "timeline": timelines,
        "scan": assembly.unmade_set_asides(connection, unmade),
        "message": held_messages(connection, messages),
    }
    return {item for item in items if not item.revision and item.id in by_kind.get(item.kind, ())}


def _scan(connection: Connection, item: WorkItem, now: dt.datetime) -> None:
    """The revision that waits to be measured; or the one that would be made next, so that none is made."""
    revision = item.revision or assembly.list_next_revision(connection, item.id, now)
    if revision:
        _revision(connection, RevisionKey(item.id, revision), now)


def _timeline(connection: Connection, item: WorkItem, now: dt.datetime) -> None:
    """All that is new on it; where that is no scan, the timeline is held as it stands."""
    unseen = assembly.unseen_revisions(connection, item.id)
    for revision in unseen:
        _revision(connection, revision, now)
    if not unseen:
        before = count_killers(connection, patient_id=item.id)
        row = _row("timeline", now, item.id, before)
        append(connection, schema.set_asides, [{**row, "patient_id": item.id}])


def _message(connection: Connection, item: WorkItem, now: dt.datetime) -> None:
    row = set_aside_row(item_id(item.id), ReasonCode.KILLED_WORKER, REASON.format("message"), now, sha256=item.id)
    append(connection, schema.set_asides, [row])


def _identity(connection: Connection, item: WorkItem, now: dt.datetime) -> None:
    """It cannot take effect, and holds up those behind it no longer."""
    seq = int(item.id)
    with identity_held(connection):
        refused = {"outcome": IdentityOutcome.REFUSED, "applied_at": now}
        if write_later(connection, schema.identity_events, {"seq": seq}, refused):
            reason = REASON.format("identity event")
            append(
                connection,
                schema.set_asides,
                [set_aside_row(refusal_id(seq), ReasonCode.KILLED_WORKER, reason, now)],
            )


def refusal_id(seq: int) -> str:
    """Names the item of an identity event that killed workers."""
    return item_id("identity", seq)


SET_ASIDE = {"scan": _scan, "timeline": _timeline, "message": _message, "identity": _identity}


def _revision(connection: Connection, revision: RevisionKey, now: dt.datetime) -> None:
    """Set a revision aside, unless it came to its end meanwhile."""
    if not assembly.set_killer_aside(connection, revision, REASON.format("scan"), now):
        return
    scan_uid, number = revision
    before = count_killers(connection, scan_uid=scan_uid, revision=number)
    row = _row("scan", now, scan_uid, number, before)
    append(connection, schema.set_asides, [{**row, "scan_uid": scan_uid, "revision": number}])
    logs.event("scan_set_aside", scan=scan_uid, revision=number, reason=ReasonCode.KILLED_WORKER)


def _row(what: str, now: dt.datetime, *name: object) -> dict[str, object]:
    """A row for a person; its name counts the items `before`: set aside again after a release it is another item."""
    return set_aside_row(item_id("killed_worker", *name), ReasonCode.KILLED_WORKER, REASON.format(what), now)
