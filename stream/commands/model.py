"""The commands `model …`: weights in service, from adding them to letting them lead and back."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stream import logs
from stream.errors import AnswerIsNo, CannotStart, WrongUse
from stream.settings import Settings, load_settings
from stream.terminal.bundles import add_bundle, bundle_rows
from stream.terminal.networks import network_rows
from stream.terminal.options import By, Json, Why
from stream.terminal.questions import ask
from stream.terminal.signing import signed
from stream.terminal.weights_in_words import pairs_in_words, what_it_does, what_it_lacks

if TYPE_CHECKING:
    from models.card import Card
    from stream.services.comparing.comparison import Comparison
    from stream.storage.database import Connection
    from stream.storage.folding.active_weights import WeightsRecord
    from stream.storage.folding.leads import Lead

Version = Annotated[str, typer.Argument(help="Version as `model list` shows it, or its beginning.")]


def register(app: typer.Typer) -> None:
    """Add the group model."""
    group = typer.Typer(help="Weights in service.", no_args_is_help=True)
    group.command("list", epilog="Example: scanstream model list --json")(list_models)
    group.command("add", epilog='Example: scanstream model add cards/progression --why "trained on 2026"')(add)
    group.command("compare", epilog="Example: scanstream model compare 0a1b2c")(compare)
    group.command("promote", epilog='Example: scanstream model promote 0a1b2c --why "better calibrated"')(promote)
    group.command("rollback", epilog='Example: scanstream model rollback progression --why "too high in women"')(
        rollback
    )
    app.add_typer(group, name="model", epilog="Example: scanstream model list")


def list_models(as_json: Json = False) -> None:
    """Weights that come with this installation and those in service, with what they lead or shadow."""
    from stream.terminal.printing import print_json

    settings = load_settings()
    rows = [*_listed(settings), *network_rows(settings), *bundle_rows(settings)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        print(f"{row['model']:14}{row['weights_version'][:12]}  {what_it_does(row)}{what_it_lacks(row['card_lacks'])}")


def add(
    folder: Annotated[
        Path,
        typer.Argument(help="Folder with card.json and weights (of a network model.safetensors), or a bundle."),
    ],
    measures: Annotated[bool, typer.Option("--measures", help="A bundle that outlines lesions, as MONAI's.")] = False,
    why: Why = None,
    by: By = None,
) -> None:
    """Put weights in service: every timeline gets their states and forecasts, beside those that lead.

    With --measures: scans that come without report and segmentation are outlined by the bundle in FOLDER from now on.
    """
    from models.judging.tripod import lacking
    from stream.archive.kept_networks import is_network
    from stream.archive.kept_weights import keep_new
    from stream.services.leading import put_in_service

    logs.setup("model add")
    settings = load_settings()
    who = signed(settings, by, why).by  # and nothing is kept for a service that cannot be reached
    if measures:
        add_bundle(settings, folder, who, why)
        return
    if is_network(folder):
        _add_network(settings, folder, who, why)
        return
    card = keep_new(settings, folder)
    name = f"{card.model} {card.weights_sha256[:12]}"
    new = ask(settings, "worker", lambda connection: put_in_service(connection, card, who, why))
    print(f"{name} is in service now, as a shadow." if new else f"{name} is in service already.", flush=True)
    for item in lacking(card):
        print(f"The card does not say {item}.", flush=True)
    _catch_up(settings, card.weights_sha256)


def _add_network(settings: Settings, folder: Path, who: str, why: str | None) -> None:
    """Let a network read slices that nobody measured, or encode series, in place of the one before."""
    from stream.archive.kept_networks import keep_network
    from stream.services.leading import record_network

    card = keep_network(settings, folder)
    ask(settings, "worker", lambda connection: record_network(connection, card.weights_sha256, who, why))
    print(f"{card.model} {card.weights_sha256[:12]} reads images from the next start of the service on.")
    print("For scans that are here already: scanstream replay --remeasure")


def compare(
    new: Version,
    old: Annotated[str | None, typer.Argument(help="What to compare with; without it what leads.")] = None,
    as_json: Json = False,
) -> None:
    """What would change if NEW led: how risks, sizes and responses shift, and which is nearer to what happened."""
    from stream.services.comparing import comparison
    from stream.services.leading import version_of
    from stream.terminal.printing import print_json

    def both(connection: "Connection") -> tuple[str, str, "Comparison"]:
        newer = version_of(connection, new)
        older = version_of(connection, old) if old else comparison.leading_beside(connection, newer)
        return newer, older, comparison.compare(connection, newer, older)

    newer, older, result = ask(load_settings(), "worker", both)
    if as_json:
        print_json({"new": newer, "old": older, **result.to_json()})
        return
    names = f"{newer[:12]} against {older[:12]}"
    print(f"{names}; shifts are new minus old, at each patient's latest timepoint\n\n{result}")


def promote(version: Version, why: Why = None, by: By = None) -> None:
    """Let weights lead for everything they forecast; refused while a scan still waits for its state under them."""
    from stream.services import leading

    settings = load_settings()
    who = signed(settings, by, why).by

    def switch(connection: "Connection") -> tuple[str, list[tuple[str, str]]]:
        whole = leading.version_of(connection, version)
        return whole, leading.promote(connection, whole, who, why)

    whole, changed = ask(settings, "worker", switch)
    print(f"{whole[:12]} leads {pairs_in_words(changed)} now." if changed else f"{whole[:12]} leads already.")


def rollback(
    model: Annotated[str | None, typer.Argument(help="Name of a model; without it the last switch of any.")] = None,
    why: Why = None,
    by: By = None,
) -> None:
    """Undo the last switch: what led before leads again. A second time it undoes the rollback."""
    from stream.services import leading

    settings = load_settings()
    who = signed(settings, by, why).by
    switched = ask(settings, "worker", lambda connection: leading.rollback(connection, model, who, why))
    for version in dict.fromkeys(switched.values()):
        pairs = [pair for pair, leads in switched.items() if leads == version]
        print(f"{version[:12] if version else 'Nothing'} leads {pairs_in_words(pairs)} now.")


def _listed(settings: Settings) -> list[dict[str, Any]]:
    """A row for every set of weights: those that come along first, then the others the service knows."""
    from models.card import UnusableWeights
    from models.growth.card import GROWTH_CARD
    from models.growth.served import GrowthForecaster
    from models.serving.forecaster import committed_forecasters
    from stream.storage.folding import active_weights

    try:
        held = [*committed_forecasters("cpu"), GrowthForecaster.load(GROWTH_CARD)]
    except UnusableWeights as error:
        raise CannotStart(str(error)) from None
    cards = {each.weights_version: each.card for each in held}
    rows = {version: _row(card, True) for version, card in cards.items()}
    try:
        known, leads = ask(
            settings, "worker", lambda connection: (active_weights.known(connection), active_weights.leads(connection))
        )
    except (CannotStart, WrongUse) as error:
        print(f"Only what comes with this installation: {error}", file=sys.stderr)
        return list(rows.values())
    for version, record in known.items():
        leading = [lead for lead in leads if lead.until is None and lead.weights_version == version]
        rows[version] = _row(record.card, version in cards) | _service(record, leading)
    return list(rows.values())


def _row(card: "Card", comes_along: bool) -> dict[str, Any]:
    from models.judging.tripod import lacking

    drawn = {"draws_maps_of": [*card.applies_to.diseases]} if card.sees_outlines else {}
    return {
        "model": card.model,
        "weights_version": card.weights_sha256,
        "endpoints": [vars(each) for each in card.endpoints],
        "applies_to": vars(card.applies_to),
        "forecasts": [{"endpoint": endpoint, "disease": disease} for endpoint, disease in card.pairs],
        "comes_with_installation": comes_along,
        "card_lacks": lacking(card),
        "active_since": None,
        "leads": [],
        "shadows": [],
        **drawn,
    }


def _service(known: "WeightsRecord", leading: list["Lead"]) -> dict[str, Any]:
    pairs = {lead.pair for lead in leading}
    shadows = [pair for pair in known.card.pairs if pair not in pairs] if known.active_since else []
    return {
        "active_since": known.active_since,
        "leads": [{"endpoint": lead.endpoint, "disease": lead.disease, "since": lead.since} for lead in leading],
        "shadows": [{"endpoint": endpoint, "disease": disease} for endpoint, disease in shadows],
    }


def _catch_up(settings: Settings, version: str) -> None:
    """Give every timeline its states under the new weights, with progress and rate."""
    from stream.services.recovery import replay
    from stream.storage.folding.active_weights import lacking
    from stream.terminal.progress import progress
    from stream.wiring.replaying import replaying

    def waiting() -> int:
        return ask(settings, "worker", lambda connection: sum(each.steps for each in lacking(connection, version)))

    done, started = 0, time.monotonic()
    try:
        with replaying(settings) as (connection, reconciler, others), progress("shadow replay", waiting()) as advance:
            for steps in replay.catch_up(connection, reconciler, version, others):
                done += steps
                advance(steps)
    except KeyboardInterrupt:
        raise AnswerIsNo(f"Interrupted after {done} timepoints: add again, or leave the rest to the workers.") from None
    if left := waiting():
        raise AnswerIsNo(f"{left} scans still wait for their state: the workers go on with them.")
    rate = done / (time.monotonic() - started)
    print(f"{done} timepoints folded, {rate:,.0f} a second; no scan lacks a state under these weights.")
