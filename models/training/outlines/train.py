"""Training the bundle that outlines brain tumour: every patient is judged by a network that never saw them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from models.card import patient_sha256
from models.imaging.outlined import OutlinedSeries
from models.statistics.metrics import over_patients
from models.training.fitted_card import INTENDED_USE
from models.training.outlines.fit import OutlineLesson, as_bundle, fit_network
from models.training.outlines.folder import write_bundle
from models.training.outlines.network import BrainSegmenter
from models.training.terminal import progress

PARTS = 4
FEWEST_PATIENTS = 3
SMALLEST_VOXELS = 64
"""Pieces that are kept: fewer voxels tell nothing of a lesion elsewhere here either (docs/images.md)."""
SOURCE = (
    "Brain-Tumor-Progression (The Cancer Imaging Archive): Schmainda & Prah 2018, doi:10.7937/K9/TCIA.2018.15quzvnb, "
    "CC BY 3.0"
)
LIMITS = (
    "It has seen glioblastoma after surgery only, in axial T1-weighted slices after contrast, of eight patients of one "
    "hospital: no healthy brain, no other disease, no other sequence.",
    "The size of a voxel was lost at the source, and slices are some millimetres thick: it reads the grid as it comes, "
    "without any spacing, so that slices and matrix should be like those (24 of 256 by 256).",
    "It outlines what takes up contrast, as the people did who drew what it learned from; small rims it may miss.",
)


class TooFewOutlined(ValueError):
    """Nobody can be left out: one sentence that says how many patients there are."""


class JudgedOutlines(NamedTuple):
    """One series outlined by a network that did not see its patient; voxels drawn by people and by the network."""

    patient: str
    dice: float
    drawn: int
    outlined: int


def train_bundle(series: Sequence[OutlinedSeries], out: Path, seed: int) -> Mapping[str, Any]:
    """Fit on `series` with parts of the patients left out, then on all; the bundle goes to `out`; its figures."""
    patients = sorted({each.patient for each in series})
    if len(patients) < FEWEST_PATIENTS:
        raise TooFewOutlined(f"The series are of {len(patients)} patients; at least {FEWEST_PATIENTS} are needed.")
    lessons = [OutlineLesson.of(each) for each in series]
    judged: list[JudgedOutlines] = []
    for number in progress(range(min(PARTS, len(patients))), "leaving patients out"):
        left_out = patients[number :: min(PARTS, len(patients))]
        network = fit_network([one for one in lessons if one.patient not in left_out], seed + number)
        segmenter = BrainSegmenter(network).eval()
        judged += [_judged(segmenter, each) for each in series if each.patient in left_out]
    segmenter = BrainSegmenter(fit_network(lessons, seed)).eval()
    told = figures(judged, seed)
    write_bundle(out, segmenter, _said(patients, series, told, seed), SMALLEST_VOXELS)
    return told


def _judged(segmenter: BrainSegmenter, series: OutlinedSeries) -> JudgedOutlines:
    drawn = as_bundle(series.outlined)
    with torch.inference_mode():
        scores = segmenter(as_bundle(series.volume.values)[None, None])[0]
    outlined = scores[1] > scores[0]
    both, every = int((drawn & outlined).sum()), int(drawn.sum()) + int(outlined.sum())
    return JudgedOutlines(series.patient, 2 * both / max(every, 1), int(drawn.sum()), int(outlined.sum()))


def figures(judged: Sequence[JudgedOutlines], seed: int) -> dict[str, Any]:
    """Mean Dice coefficient over series, its 95 % interval by bootstrap over patients, and each series."""
    patients = sorted({each.patient for each in judged})
    rows = np.array([patients.index(each.patient) for each in judged])
    dice = np.array([each.dice for each in judged])
    means = over_patients(rows, lambda count: float(np.average(dice, weights=count)), seed)
    low, high = np.quantile(means[1:], [0.025, 0.975])
    return {
        "mean_dice": round(float(means[0]), 3),
        "mean_dice_95": [round(float(low), 3), round(float(high), 3)],
        "series": [
            {
                "patient_sha256": patient_sha256(each.patient),
                "dice": round(each.dice, 3),
                "voxels_drawn": each.drawn,
                "voxels_outlined": each.outlined,
            }
            for each in judged
        ],
    }


def _said(
    patients: Sequence[str], series: Sequence[OutlinedSeries], told: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """What metadata.json says beside the format of the network."""
    return {
        "name": "brain_tumour",
        "version": "0.1.0",
        "task": "Outlines contrast-enhancing glioblastoma in axial MR slices of the head",
        "description": "2.5-D U-Net of 122,609 weights: each slice with two on either side, and its mirror image",
        "authors": "the ScanStream authors",
        "copyright": "Copyright 2026 the ScanStream authors, Apache-2.0",
        "data_source": SOURCE,
        "data_type": "DICOM",
        "intended_use": INTENDED_USE,
        "limits": LIMITS,
        "seed": seed,
        "eval_metrics": told,
        "training_data": {
            "patients": len(patients),
            "series": len(series),
            "patient_sha256": [patient_sha256(patient) for patient in patients],
        },
    }
