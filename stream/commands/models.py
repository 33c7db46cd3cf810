"""The commands train, evaluate and model: weights from tables, and how good they are."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream.errors import CannotStart, WrongUse

if TYPE_CHECKING:
    from models.card import Card

DATA = typer.Option("--data", help="Folder with measurements.csv and, where they exist, the other tables.")
SEED = 20261123


def register(app: typer.Typer) -> None:
    """Add train, evaluate and the group model."""
    app.command(epilog="Example: scanstream train progression --data immunotherapy --out cards/progression")(train)
    app.command(epilog="Example: scanstream evaluate response --data ispy2 --cross-validate")(evaluate)
    group = typer.Typer(help="Weights in service.", no_args_is_help=True, epilog="Example: scanstream model list")
    group.command("list", epilog="Example: scanstream model list --json")(list_models)
    group.callback()(_group)
    app.add_typer(group, name="model")


def train(
    model: Annotated[str, typer.Argument(help="progression or response.")],
    data: Annotated[Path, DATA],
    out: Annotated[Path | None, typer.Option(help="Folder for weights and card; default: cards/MODEL.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same weights.")] = SEED,
) -> None:
    """Train a model on a folder of tables; its card tells how good it was, cross-validated by patient."""
    from models.train import train as fit_and_save

    folder = out or Path("cards") / model
    with _mistakes_named():
        fit_and_save(model, data, folder, seed)
    print(f"Weights and card are in {folder}.")


def evaluate(
    model: Annotated[str, typer.Argument(help="progression or response.")],
    data: Annotated[Path, DATA],
    cross_validate: Annotated[bool, typer.Option("--cross-validate", help="Fit anew for each fifth.")] = False,
    predictions: Annotated[Path | None, typer.Option(help="CSV file for a row per forecast.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Judge a model on a folder of tables, with 95 % intervals and beside simple baselines."""
    from models.evaluate import evaluate as judge

    with _mistakes_named():
        found = judge(model, data, cross_validate, predictions)
    print(json.dumps(found.to_json(), indent=1, ensure_ascii=False) if as_json else found)


def list_models(as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False) -> None:
    """The weights that come with this installation: version, what they forecast, for which disease."""
    from models.card import UnusableWeights
    from models.forecaster import committed_forecasters

    try:
        cards = [forecaster.card for forecaster in committed_forecasters("cpu")]
    except UnusableWeights as error:
        raise CannotStart(str(error)) from None
    if as_json:
        print(json.dumps([_row(card) for card in cards], indent=1))
    else:
        for card in cards:
            endpoints = ", ".join(sorted({each.endpoint for each in card.endpoints}))
            diseases = ", ".join(card.applies_to.diseases)
            print(f"{card.model:14}{card.weights_sha256[:12]}  forecasts {endpoints}; for {diseases}")


def _row(card: "Card") -> dict[str, object]:
    endpoints = [vars(each) for each in card.endpoints]
    return {
        "model": card.model,
        "weights_version": card.weights_sha256,
        "endpoints": endpoints,
        "applies_to": vars(card.applies_to),
    }


def _group() -> None:
    """Keeps `list` a command of its own: a group with a single command would swallow its name."""


@contextmanager
def _mistakes_named() -> Iterator[None]:
    """A wrong folder, table or model name ends in one sentence."""
    from models.blueprints import UnknownModel
    from models.card import UnusableWeights
    from models.tables import UnusableTable

    try:
        yield
    except (UnknownModel, UnusableTable) as error:
        raise WrongUse(str(error)) from None
    except UnusableWeights as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise WrongUse(f"{error.filename} cannot be written or read: {error.strerror}.") from None
