"""Encoder and weights from nothing: `python -m models.encoding.train --out FOLDER` simulates, fits, judges, writes.

Nobody is on both sides: encoders are taught with lesions of no patient, weights with patients, figures are of others.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from threadpoolctl import threadpool_limits

from models.card import Card
from models.encoding.cohort import encoded_patients
from models.encoding.encoder import EMBEDDING_OF_SERIES, Encoder
from models.encoding.fit import errors, fit_encoders, lessons
from models.encoding.grid import PIXELS, SLICES
from models.encoding.judge import Figures, judged
from models.encoding.network import HIDDEN, WIDTHS
from models.evaluate import judged_as_fitted
from models.features import EMBEDDING, MODALITIES
from models.fused import FUSED_NAMES
from models.imaging.image_card import ImageCard, save_network
from models.judging.tripod import complete
from models.serving.forecaster import Forecaster
from models.serving.weights import save_weights
from models.simulation.patients import SEED
from models.tables.records import PatientRecord
from models.training.blueprints import SURVIVAL, Blueprint
from models.training.fit import fit, fit_forecaster
from models.training.fitted_card import INTENDED_USE, card_of
from models.training.samples import usable

SIZES = ("sum_of_diameters", "volume")
NEEDS = (*SIZES, *(f"{name}_encoded_1" for name in MODALITIES.values()))
SEEING: Blueprint = replace(
    SURVIVAL,
    model="survival_images",
    architecture=replace(SURVIVAL.architecture, feature_names=(*SIZES, *FUSED_NAMES)),
    applies_to=replace(SURVIVAL.applies_to, needs=NEEDS),
)
"""What is fitted: it steps at a visit of which something was measured or a series was read."""
BLIND: Blueprint = replace(SEEING, architecture=replace(SURVIVAL.architecture, feature_names=SIZES))
"""The same without images, to be judged beside it."""
SIMULATED_ALONE = (
    "Simulated series alone (models.simulation.series): a ball of tissue in noise, darker in the middle and brighter "
    "around it the worse its grade. No pixel of a patient was seen, and nothing follows for any."
)
ENCODER_LIMITS = (
    SIMULATED_ALONE,
    "Taught to tell a grade that is drawn and a diameter that is known; what it says of a real series means nothing.",
    "The grid covers the whole series: what is a small part of a large field of view is lost.",
)
WEIGHTS_LIMITS = (
    SIMULATED_ALONE,
    "Deaths of simulated patients: the hazard rises with what was measured and with the grade that only pixels tell.",
)


class Cohort(NamedTuple):
    """How many lesions teach the encoders and test them, how many patients teach the weights and judge them."""

    lesions: int = 900
    untaught: int = 200
    learn: int = 300
    unseen: int = 200


def train(out: Path, seed: int, cohort: Cohort = Cohort()) -> Card:  # noqa: B008  # of numbers, never changed
    """Write the folders `encoder` and `survival` into `out`; the seed alone decides both, on one kind of processor."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums split over threads round differently
    try:
        with threadpool_limits(1):
            encoder = train_encoder(out / "encoder", seed, cohort)
            patients = encoded_patients(cohort.learn + cohort.unseen, seed, encoder)
            return train_weights(out / "survival", seed, patients, cohort, encoder)
    finally:
        torch.set_num_threads(threads)


def train_encoder(out: Path, seed: int, cohort: Cohort) -> Encoder:
    """Teach, judge on lesions that were not taught, write, and read again: half the digits of each weight are kept."""
    encoders = fit_encoders(lessons(cohort.lesions, seed), seed)
    others = lessons(cohort.untaught, seed + 1)
    told = {name: {"grade": grade, "log size": size} for name, (grade, size) in errors(encoders, others)}
    card = ImageCard(
        model="encoder",
        weights_sha256="",
        endpoint=EMBEDDING_OF_SERIES,
        applies_to={"modality": ", ".join(MODALITIES), "plane": "axial"},
        architecture={"grid": [SLICES, PIXELS, PIXELS], "widths": [*WIDTHS], "hidden": HIDDEN, "embedding": EMBEDDING},
        training_data={"attribution": SIMULATED_ALONE, "lesions": cohort.lesions, "patients": 0},
        seed=seed,
        metrics={"R² on lesions that were not taught": told},
        intended_use=INTENDED_USE,
        limits=ENCODER_LIMITS,
    )
    save_network(out, card, encoders.state_dict())
    return Encoder.load(out)


def train_weights(out: Path, seed: int, patients: list[PatientRecord], cohort: Cohort, encoder: Encoder) -> Card:
    """Fit on the first patients, judge on the others, write; the card names the encoder by its feature version."""
    records = usable(patients, SEEING)
    last = {record.patient_id for record in patients[cohort.learn :]}
    learn = [record for record in records if record.patient_id not in last]
    unseen = [record for record in records if record.patient_id in last]
    parameters, blind = fit(SEEING, learn, seed), fit_forecaster(BLIND, learn, seed)
    seeing = Forecaster(card_of(SEEING, learn, seed, {}), parameters, torch.device("cpu"))
    metrics = metrics_of(seeing, unseen, judged(seeing, blind, unseen, SEEING))
    card = complete(card_of(SEEING, learn, seed, metrics))
    card = replace(card, feature_version=encoder.feature_version)
    return save_weights(out, card, parameters)


def metrics_of(seeing: Forecaster, unseen: list[PatientRecord], figures: Figures) -> dict[str, Any]:
    """What the card says of how good the weights were on `unseen` patients, and how that was found."""
    evaluation, _ = judged_as_fitted(seeing, unseen, SEEING)
    found = {key: value for key, value in evaluation.to_json().items() if key != "weights_version"}
    return {
        **found,
        "provenance": f"{SEEING.model}: judged on {len(unseen)} simulated patients that neither encoder nor weights "
        "saw; simple models beside it were fitted on four fifths of them and judged on the others.",
        "notes": list(WEIGHTS_LIMITS),
        "unseen patients, within a year": figures,
    }


def main() -> None:
    """Train, and say in a few lines how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="where the folders encoder and survival go")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    begun = time.monotonic()
    card = train(given.out, given.seed)
    for name, found in card.metrics["unseen patients, within a year"].items():
        print(f"{name}: {found}")
    print(f"Encoder and weights are in {given.out}, after {(time.monotonic() - begun) / 60:.0f} minutes.")


if __name__ == "__main__":
    main()
