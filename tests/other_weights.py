"""Weights beside those that come along: the same network, a little off, with a card of their own."""

from dataclasses import replace
from pathlib import Path

from models.card import COMMITTED, Card
from models.serving.weights import load_weights, save_weights
from models.simulated import write_tables
from models.simulation.patients import simulate
from models.tables.records import load_records
from models.training.blueprints import SURVIVAL
from models.training.fit import fit
from models.training.fitted_card import card_of
from models.training.samples import usable


def other_weights(folder: Path, model: str = "progression", factor: float = 1.5, **changed: object) -> Card:
    """Weights of `model` whose heads count `factor` times as much, saved in `folder`; `changed` fields of the card."""
    card, parameters = load_weights(COMMITTED / model)
    heads = {name: parameters[name] * factor for name in ("head", "sizes") if name in parameters}
    return save_weights(folder, replace(card, **changed), {**parameters, **heads})


def image_weights(folder: Path) -> Card:
    """Weights that see a lesion's image beside its size, hardly trained, on simulated patients; saved in `folder`."""
    write_tables(folder / "tables", simulate(20))
    blueprint = replace(SURVIVAL, epochs=3, architecture=replace(SURVIVAL.architecture, members=2))
    timelines = usable(load_records(folder / "tables"), blueprint)
    return save_weights(folder, card_of(blueprint, timelines, 1, {}), fit(blueprint, timelines, 1))
