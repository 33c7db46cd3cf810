"""The card of weights that were just fitted: what they are, and what the patients they were fitted on covered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from models.card import Architecture, Card, patient_sha256
from models.features import feature_version_of
from models.serving.history import cell_names, input_names
from models.serving.network import state_size
from models.simulated import NOTHING_REAL, all_simulated
from models.tables.records import PatientRecord
from models.training.blueprints import Blueprint
from models.training.samples import samples

FEWEST_IN_ARM = 10
"""Patients in an arm that a card names: fewer say nothing about it."""
INTENDED_USE = "Research use only. Not a medical device; not for decisions about a patient's care."


def card_of(blueprint: Blueprint, records: Sequence[PatientRecord], seed: int, metrics: Mapping[str, Any]) -> Card:
    """The card of weights fitted on `records`; `save_weights` fills in the sha256."""
    return Card(
        model=blueprint.model,
        weights_sha256="",
        feature_version=feature_version_of(blueprint.architecture.feature_names),
        architecture=blueprint.architecture,
        endpoints=blueprint.endpoints,
        state_layout=_layout(blueprint.architecture),
        applies_to=blueprint.applies_to,
        training_data={
            "attribution": NOTHING_REAL if all_simulated(records) else blueprint.source,
            "licence": blueprint.licence,
            "patients": len(records),
            "visits": sum(len(record.visits) for record in records),
            "patient_sha256": sorted(patient_sha256(record.patient_id) for record in records),
            "ranges": ranges_of(blueprint, records),
            "settings": blueprint.settings,
        },
        seed=seed,
        metrics=metrics,
        intended_use=INTENDED_USE,
        arms=arms_of(records),
    )


def arms_of(records: Sequence[PatientRecord]) -> tuple[str, ...]:
    """The arms that at least FEWEST_IN_ARM patients were in, by name."""
    patients = Counter(record.arm for record in records if record.arm)
    return tuple(sorted(arm for arm, count in patients.items() if count >= FEWEST_IN_ARM))


def ranges_of(blueprint: Blueprint, records: Sequence[PatientRecord]) -> dict[str, tuple[float, float]]:
    """Smallest and largest value of each of the network's inputs and facts over all visits, where any is known."""
    data, architecture = samples(records, blueprint), blueprint.architecture
    rows = torch.cat([data.inputs[data.present], data.context[data.present]], dim=1)
    names = [*input_names(architecture.feature_names), *architecture.context_names]
    known = {name: column[~column.isnan()] for name, column in zip(names, rows.T, strict=True)}
    return {name: (column.min().item(), column.max().item()) for name, column in known.items() if len(column)}


def _layout(architecture: Architecture) -> dict[str, Any]:
    return {
        "dtype": "float32",
        "size": state_size(architecture),
        "order": "members × layers × (h, c), then cells",
        "members": architecture.members,
        "layers": 1,
        "hidden": architecture.hidden,
        "cells": cell_names(architecture.feature_names),
    }
