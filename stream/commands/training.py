"""The commands train and evaluate: weights from tables, and how good they are."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from stream.errors import CannotStart, WrongUse

DATA = typer.Option("--data", help="Folder with measurements.csv and, where they exist, the other tables.")
SEED = 20261123


def register(app: typer.Typer) -> None:
    """Add train and evaluate."""
    app.command(epilog="Example: scanstream train progression --data immunotherapy --out cards/progression")(train)
    app.command(epilog="Example: scanstream evaluate response --data ispy2 --cross-validate")(evaluate)


def train(
    model: Annotated[str, typer.Argument(help="progression, response or survival.")],
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
    model: Annotated[str, typer.Argument(help="progression, response or survival.")],
    data: Annotated[Path, DATA],
    cross_validate: Annotated[
        bool, typer.Option("--cross-validate", help="Fit anew without each trial; of one trial, without each fifth.")
    ] = False,
    repeats: Annotated[int, typer.Option(min=1, help="How often the fifths are dealt, for steadier figures.")] = 1,
    predictions: Annotated[Path | None, typer.Option(help="CSV file for a row per forecast.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Judge a model on a folder of tables, with 95 % intervals and beside every baseline model."""
    from models.evaluate import evaluate as judge

    with _mistakes_named():
        figures = judge(model, data, cross_validate, predictions, repeats)
    print(json.dumps(figures.to_json(), indent=1, ensure_ascii=False) if as_json else figures)


@contextmanager
def _mistakes_named() -> Iterator[None]:
    """A wrong folder, table or model name ends in one sentence."""
    from models.card import UnusableWeights
    from models.tables.csv_table import UnusableTable
    from models.training.blueprints import UnknownModel

    try:
        yield
    except (UnknownModel, UnusableTable) as error:
        raise WrongUse(str(error)) from None
    except UnusableWeights as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise WrongUse(f"{error.filename} cannot be written or read: {error.strerror}.") from None
