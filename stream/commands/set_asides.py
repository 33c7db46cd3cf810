"""Commands about what was set aside: list, show, release, reject."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from stream import logs, vocabulary
from stream.errors import AnswerIsNo, CannotStart
from stream.settings import load_settings
from stream.terminal.options import By, Every, Json, Limit, Page, Why
from stream.terminal.questions import ask
from stream.terminal.signing import signed

if TYPE_CHECKING:
    from stream.storage.intake.set_asides import SetAsideItem

COLUMNS = ("item_id", "files", "reason_code", "reason", "sender", "scan_uid", "set_aside_at", "decision")
ItemId = Annotated[str, typer.Argument(metavar="ITEM", help="As `set-aside list` names it.")]


def register(app: typer.Typer) -> None:
    """Add set-aside."""
    set_aside = typer.Typer(help="What was kept but not processed, and why.", no_args_is_help=True)
    set_aside.command("list", epilog="Example: scanstream set-aside list --waiting --sender CT1")(list_set_asides)
    set_aside.command("show", epilog="Example: scanstream set-aside show 0123456789abcdef")(show_set_aside)
    set_aside.command(
        "release",
        epilog="Example: scanstream set-aside release 0123456789abcdef --patient 4711 "
        '--issuer NORTH --why "read from the film bag"',
    )(release)
    set_aside.command("reject", epilog="Example: scanstream set-aside reject 0123456789abcdef --why phantom")(reject)
    app.add_typer(set_aside, name="set-aside", epilog="Example: scanstream set-aside list")


def list_set_asides(
    reason: Annotated[vocabulary.ReasonCode | None, typer.Option(help="Set aside for this reason only.")] = None,
    sender: Annotated[str | None, typer.Option(help="Sent by this AE title only.")] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what nobody has decided on yet.")] = False,
    limit: Limit = None,
    page: Page = 1,
    every: Every = False,
    as_json: Json = False,
) -> None:
    """What was set aside, newest first: one line for each cause, with its number of files."""
    from stream.storage.reading.listing import SetAsideFilter, set_aside_causes
    from stream.terminal.paging import page_choice, print_listing
    from stream.terminal.printing import print_json

    choice, wanted = page_choice(limit, page, every, as_json), SetAsideFilter(reason, sender, waiting)
    causes = ask(load_settings(), "reader", lambda connection: set_aside_causes(connection, wanted, choice))
    if as_json:
        print_json(causes.rows)
    else:
        print_listing(causes, choice, COLUMNS)


def show_set_aside(
    item_id: Annotated[str, typer.Argument(help="As `set-aside list` names it.")], as_json: Json = False
) -> None:
    """One item in full."""
    from stream.storage.reading.views import set_aside_item
    from stream.terminal.printing import print_json

    row = ask(load_settings(), "reader", lambda connection: set_aside_item(connection, item_id))
    if row is None:
        raise AnswerIsNo(f"No item {item_id}: `scanstream set-aside list` names them.")
    if as_json:
        print_json(row)
    else:
        for name, value in row.items():
            print(f"{name:15} {'' if value is None else value}")


def release(
    item_id: ItemId,
    patient: Annotated[
        str | None, typer.Option(help="Whose file it is: a pseudonym, or the hospital's ID with --issuer.")
    ] = None,
    issuer: Annotated[str | None, typer.Option(help="Issuer of the hospital's ID; may be empty.")] = None,
    date: Annotated[str | None, typer.Option(help="When it was acquired: 2026-01-31 or 2026-01-31T08:30.")] = None,
    why: Why = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Let it, and all of its cause, count as if nothing had been wrong; what fails again is a new item."""
    from stream.services.accepting.releasing import Amendment
    from stream.storage.database import Outage
    from stream.wiring.releasing import release as released

    logs.setup("release")
    settings = load_settings()
    decision = signed(settings, by, why, item_id, patient, role="gateway")
    try:
        items = released(settings, item_id, Amendment(patient, issuer, date), decision)
    except Outage:
        raise CannotStart("Postgres does not answer: start the service with `scanstream up`.") from None
    _say(as_json, items, vocabulary.Decision.RELEASED)


def reject(item_id: ItemId, why: Why = None, by: By = None, as_json: Json = False) -> None:
    """It stays aside for good, with all of its cause."""
    from stream.services.accepting import decisions

    settings = load_settings()
    decision = signed(settings, by, why, item_id, role="gateway")
    items = ask(settings, "gateway", lambda connection: decisions.reject(connection, item_id, decision))
    _say(as_json, items, vocabulary.Decision.REJECTED)


def _say(as_json: bool, items: Sequence["SetAsideItem"], decision: vocabulary.Decision) -> None:
    """Of the item that was named, and how many files were decided on with it."""
    from stream.terminal.printing import print_json

    item, *others = items
    if as_json:
        names = ("item_id", "scan_uid", "revision", "patient_id")
        print_json({**{name: getattr(item, name) for name in names}, "decision": decision, "files": len(items)})
    else:
        print(f"{item.item_id} is {decision}" + (f", with {len(others)} more of its cause." if others else "."))
