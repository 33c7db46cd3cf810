"""The commands train and evaluate: weights from tables, and how good they are."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from stream.errors import CannotStart, WrongUse
from stream.terminal.teaching import OUTLINES, SLICES, evaluate_slices, train_outlines, train_slices

DATA = typer.Option("--data", help="Folder with measurements.csv and the other tables; for slices, with DICOM files.")
SEED = 20261123


class JudgedFigures(Protocol):
    """What judging ends with, for people as text."""

    def to_json(self) -> dict[str, Any]: ...


def register(app: typer.Typer) -> None:
    """Add train and evaluate."""
    app.command(epilog="Example: scanstream train progression --data immunotherapy --out cards/progression")(train)
    app.command(epilog="Example: scanstream evaluate response --data ispy2 --cross-validate")(evaluate)


def train(
    model: Annotated[str, typer.Argument(help="progression, response, survival, slices or outlines.")],
    data: Annotated[Path, DATA],
    out: Annotated[Path | None, typer.Option(help="Folder for weights and card; default: cards/MODEL.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same weights.")] = SEED,
) -> None:
    """Train a model on a folder of tables; its card tells how good it was, cross-validated by patient.

    The models slices and outlines learn from series and the segmentations of tumours in them: a folder, or a tar, of
    DICOM files. The model outlines is a bundle, which outlines tumour itself.
    """
    folder = out or Path("cards") / model
    with _mistakes_named():
        if model == SLICES:
            train_slices(data, folder, seed)
        elif model == OUTLINES:
            train_outlines(data, folder, seed)
        else:
            from models.train import train as fit_and_save

            fit_and_save(model, data, folder, seed)
    print(f"Weights and card are in {folder}.")


def evaluate(
    model: Annotated[str, typer.Argument(help="progression, response, survival or slices.")],
    data: Annotated[Path, DATA],
    cross_validate: Annotated[
        bool, typer.Option("--cross-validate", help="Fit anew without each trial; of one trial, without each fifth.")
    ] = False,
    repeats: Annotated[int, typer.Option(min=1, help="How often the fifths are dealt, for steadier figures.")] = 1,
    predictions: Annotated[Path | None, typer.Option(help="CSV file for a row per forecast.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Judge a model on a folder of tables, with 95 % intervals and beside every baseline model.

    The model slices is judged on a folder, or a tar, of DICOM files, always by weights that did not see the patient;
    with --cross-validate also by members fitted anew with fewer patients, dealt --repeats times (5 minutes each).
    """
    with _mistakes_named():
        figures: JudgedFigures
        if model == SLICES:
            if predictions or (repeats > 1 and not cross_validate):
                raise WrongUse("With slices --predictions does not go, and --repeats only with --cross-validate.")
            figures = evaluate_slices(data, repeats if cross_validate else 0)
        else:
            from models.evaluate import evaluate as judge

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
