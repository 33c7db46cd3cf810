"""Training a model from tables with a seed: weights and the card that says what they are and how good they were."""

from pathlib import Path

from models.evaluate import cross_validated, load_usable
from models.judging.tripod import complete
from models.serving.weights import save_weights
from models.training.blueprints import blueprint_of
from models.training.fit import fit
from models.training.fitted_card import card_of


def train(model: str, data: Path, out: Path, seed: int) -> None:
    """Fit `model` on the tables in `data`, write weights and card into `out`; the seed alone decides the weights.

    The card's figures come from a cross-validation by patient, fitted before in the same way. Raises UnusableTable.
    """
    blueprint = blueprint_of(model)
    timelines = load_usable(data, blueprint)
    evaluation, _ = cross_validated(timelines, blueprint)
    parameters = fit(blueprint, timelines, seed)
    save_weights(out, complete(card_of(blueprint, timelines, seed, evaluation.to_json())), parameters)
