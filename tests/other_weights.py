"""Weights beside those that come along: the same network, a little off, with a card of their own."""

from dataclasses import replace
from pathlib import Path

from models.card import COMMITTED, Card
from models.weights import load_weights, save_weights


def other_weights(folder: Path, model: str = "progression", factor: float = 1.5, **changed: object) -> Card:
    """Weights of `model` whose heads count `factor` times as much, saved in `folder`; `changed` fields of the card."""
    card, parameters = load_weights(COMMITTED / model)
    heads = {name: parameters[name] * factor for name in ("head", "sizes") if name in parameters}
    return save_weights(folder, replace(card, **changed), {**parameters, **heads})
