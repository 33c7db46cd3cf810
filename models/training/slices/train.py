"""Training the slice classifier: a member for each patient left out, judged on that patient, and their card."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from models.card import patient_sha256
from models.imaging.classifier import packed
from models.imaging.encoder import EMBEDDING
from models.imaging.image_card import ImageCard, save_network
from models.imaging.network import ALONG, SliceNetwork
from models.imaging.outlined import OutlinedSeries
from models.imaging.preprocess import PIXELS
from models.judging.slices.figures import SlicePredictions, figures, predictions
from models.training.fitted_card import INTENDED_USE
from models.training.slices.fit_encoder import fit_encoder
from models.training.slices.fit_sequence import fit_second, fit_sequence
from models.training.slices.lesson import Lesson
from models.training.terminal import progress

MEMBERS = 8
"""At most: with more patients several are left out at a time."""
FEWEST_PATIENTS = 3
SOURCE = (
    "Brain-Tumor-Progression (The Cancer Imaging Archive): Schmainda & Prah 2018, doi:10.7937/K9/TCIA.2018.15quzvnb"
)
LICENCE = "CC BY 3.0"
APPLIES_TO = {"modality": "MR", "body_part": "head", "plane": "axial", "contrast": "T1 after contrast"}
LIMITS = (
    "Every series it was taught with shows a glioblastoma after surgery, before and after it grew: it has seen no "
    "healthy brain, no other disease and no scan before surgery.",
    "What a series without tumour looks like was learned from runs of slices without tumour in those same series: the "
    "probability of a series is not calibrated on whole brains without tumour.",
    "Of the slices that taught the encoder one in five shows a lesion that was drawn into it and that nobody has; none "
    "of those it was judged by.",
    "Axial T1-weighted slices after contrast only. The size of a voxel was lost at the source: nothing here is in mm.",
    "Eight patients of one hospital: the interval is over patients, and no scanner but theirs was seen.",
    "The figures are of single members, each on the patients it did not see; served is the mean of all members.",
)


class TooFewPatients(ValueError):
    """Nobody can be left out: one sentence that says how many patients there are."""


def train_slices(series: Sequence[OutlinedSeries], out: Path, seed: int) -> ImageCard:
    """Fit all members on `series`, write weights and card into `out`; the seed decides every weight."""
    lessons = [Lesson.of(each) for each in sorted(series, key=lambda each: each.patient)]
    parts = left_out(sorted({lesson.patient for lesson in lessons}))
    members, said = [], []
    for number, part in enumerate(progress(parts, "training the slice classifier")):
        member = fit_member([lesson for lesson in lessons if lesson.patient not in part], seed + number)
        said += [predictions(member, lesson) for lesson in lessons if lesson.patient in part]
        members.append(member)
    return save_network(out, card_of(lessons, parts, said, seed), packed(members))


def left_out(patients: Sequence[str]) -> list[tuple[str, ...]]:
    """The patients whom each member does not see; raises TooFewPatients."""
    if len(patients) < FEWEST_PATIENTS:
        raise TooFewPatients(f"The series are of {len(patients)} patients; at least {FEWEST_PATIENTS} are needed.")
    many = min(MEMBERS, len(patients))
    return [tuple(patients[number::many]) for number in range(many)]


def fit_member(lessons: Sequence[Lesson], seed: int) -> SliceNetwork:
    """One member; the same seed gives the same bits on one kind of processor, however many cores it has."""
    threads, random = torch.get_num_threads(), torch.Generator().manual_seed(seed)
    torch.set_num_threads(1)  # sums split over threads round differently
    try:
        with threadpool_limits(1), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = SliceNetwork()
            network.encoder = fit_encoder(lessons, random)
            network.sequence = fit_sequence(network.encoder, lessons, random)
            fit_second(as_kept(network), lessons, seed)
            return network.eval()
    finally:
        torch.set_num_threads(threads)


def as_kept(network: SliceNetwork) -> SliceNetwork:
    """`network` with the weights that a file of half precision gives back, for what is taught over them."""
    network.load_state_dict({name: weights.half().float() for name, weights in network.state_dict().items()})
    return network


def card_of(
    lessons: Sequence[Lesson], parts: Sequence[tuple[str, ...]], said: Sequence[SlicePredictions], seed: int
) -> ImageCard:
    """The card of members that left out `parts` and said `said` of those patients."""
    patients = sorted({lesson.patient for lesson in lessons})
    return ImageCard(
        model="slices",
        weights_sha256="",
        endpoint="tumour_presence",
        applies_to=APPLIES_TO,
        architecture=_architecture(len(parts)),
        training_data={
            "attribution": SOURCE,
            "licence": LICENCE,
            "patients": len(patients),
            "series": len(lessons),
            "slices": int(sum(len(lesson.shows) for lesson in lessons)),
            "slices_with_tumour": int(sum(lesson.shows.sum() for lesson in lessons)),
            "patient_sha256": [patient_sha256(patient) for patient in patients],
            "left_out": [[patient_sha256(patient) for patient in part] for part in parts],
        },
        seed=seed,
        metrics=figures(said),
        intended_use=INTENDED_USE,
        limits=LIMITS,
    )


def _architecture(members: int) -> dict[str, Any]:
    return {
        "members": members,
        "pixels": PIXELS,
        "encoder": "U-Net, a slice beside its mirror image",
        "embedding": EMBEDDING,
        "along_the_slices": list(ALONG),
        "precision": np.dtype(np.float16).name,
    }
