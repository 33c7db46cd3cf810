"""Weights beside those that come along: the same network, a little off, with a card of their own."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from models.card import COMMITTED, AppliesTo, Card
from models.encoding.cohort import places_of
from models.encoding.train import SEEING
from models.features import EMBEDDING, MODALITIES, encoded_by
from models.growth.card import GROWTH_CARD, load_growth
from models.growth.served import GrowthForecaster, service_card
from models.serving.weights import load_weights, save_weights
from models.simulated import write_tables
from models.simulation.patients import simulate
from models.tables.records import PatientRecord, load_records
from models.training.blueprints import SURVIVAL
from models.training.fit import fit
from models.training.fitted_card import card_of
from models.training.samples import usable

ENCODER = "e" * 64
"""The sha256 of an encoder's weights, where no encoder has to be asked."""


def other_weights(folder: Path, model: str = "progression", factor: float = 1.5, **changed: object) -> Card:
    """Weights of `model` whose heads count `factor` times as much, saved in `folder`; `changed` fields of the card."""
    card, parameters = load_weights(COMMITTED / model)
    heads = {name: parameters[name] * factor for name in ("head", "sizes") if name in parameters}
    return save_weights(folder, replace(card, **changed), {**parameters, **heads})


def encoded_weights(folder: Path, encoder: str = ENCODER) -> Card:
    """Weights that see what `encoder` says of series, hardly trained on made-up numbers; saved in `folder`."""
    write_tables(folder / "tables", simulate(20))
    blueprint = replace(SEEING, epochs=3, architecture=replace(SEEING.architecture, members=2))
    random = np.random.default_rng(1)
    timelines = [_said(record, random) for record in usable(load_records(folder / "tables"), blueprint)]
    card = replace(card_of(blueprint, timelines, 1, {}), feature_version=encoded_by(encoder))
    return save_weights(folder, card, fit(blueprint, timelines, 1))


def _said(record: PatientRecord, random: np.random.Generator) -> PatientRecord:
    """As if an encoder had read series of every modality, now and then."""
    visits = []
    for visit in record.visits:
        x = visit.x.copy()
        for name in MODALITIES.values():
            x[places_of(name)] = random.random(EMBEDDING) if random.random() < 0.5 else np.nan
        visits.append(replace(visit, x=x))
    return replace(record, visits=tuple(visits))


def image_weights(folder: Path) -> Card:
    """Weights that see a lesion's image beside its size, hardly trained, on simulated patients; saved in `folder`."""
    write_tables(folder / "tables", simulate(20))
    blueprint = replace(SURVIVAL, epochs=3, architecture=replace(SURVIVAL.architecture, members=2))
    timelines = usable(load_records(folder / "tables"), blueprint)
    return save_weights(folder, card_of(blueprint, timelines, 1, {}), fit(blueprint, timelines, 1))


def growth_of_lungs() -> GrowthForecaster:
    """The committed weights of growth maps, as if they were made for the disease that most made-up patients have."""
    card, parameters = load_growth(GROWTH_CARD)
    return GrowthForecaster(replace(service_card(card), applies_to=AppliesTo(("lung",), ("volume",), 1)), parameters)
