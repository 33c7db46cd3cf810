"""Simulated patients whose series an encoder has read: what weights that see embeddings learn from, and others."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.encoding.encoder import Encoder
from models.features import EMBEDDING, ENCODED_NAMES, FEATURE_NAMES, IMAGE_NAMES, MEASURED_NAMES, MODALITIES
from models.simulated import patient_id, write_tables
from models.simulation.patients import SimulatedPatient, SimulatedVisit, simulate
from models.simulation.series import modalities_at, series_of
from models.tables.records import PatientRecord, VisitRecord, load_records
from models.training.terminal import progress

UNMEASURED, HIDING = 0.3, 6
"""Share of the visits of which nobody measured anything; the number that this is drawn by."""
ENCODED_AT = slice(FEATURE_NAMES.index(ENCODED_NAMES[0]), len(FEATURE_NAMES))
MEASURED_AT = slice(0, len(MEASURED_NAMES))
LOOKS_AT = slice(len(MEASURED_NAMES), len(MEASURED_NAMES) + len(IMAGE_NAMES))


def encoded_patients(many: int, seed: int, encoder: Encoder) -> list[PatientRecord]:
    """The first `many` patients of the cohort that `seed` makes, as tables tell them, with what `encoder` says."""
    patients = simulate(many, seed)
    with tempfile.TemporaryDirectory() as folder:
        write_tables(Path(folder), patients, seed)
        records = {record.patient_id: record for record in load_records(Path(folder))}
    every = [(one, records[patient_id(one)]) for one in patients if patient_id(one) in records]
    return [_encoded(*each, seed, encoder) for each in progress(every, "simulating patients")]


def hidden(records: Sequence[PatientRecord], *places: slice) -> list[PatientRecord]:
    """The records as if nobody knew the features at `places`."""

    def without(visit: VisitRecord) -> VisitRecord:
        x = visit.x.copy()
        for place in places:
            x[place] = np.nan
        return replace(visit, x=x)

    return [replace(record, visits=tuple(map(without, record.visits))) for record in records]


def places_of(modality: str) -> slice:
    """Where the embedding of a modality, as features name it, stands among them."""
    start = FEATURE_NAMES.index(f"{modality}_encoded_1")
    return slice(start, start + EMBEDDING)


def _encoded(patient: SimulatedPatient, record: PatientRecord, seed: int, encoder: Encoder) -> PatientRecord:
    visits = {visit.day: visit for visit in patient.visits}
    random = np.random.default_rng([seed, patient.number, HIDING])
    measured = random.random(len(record.visits)) >= UNMEASURED
    seen = [
        _seen(each, patient, visits[round(each.day)], sized, seed, encoder)
        for each, sized in zip(record.visits, measured.tolist(), strict=True)
    ]
    return replace(record, visits=tuple(seen))


def _seen(
    record: VisitRecord, patient: SimulatedPatient, visit: SimulatedVisit, sized: bool, seed: int, encoder: Encoder
) -> VisitRecord:
    """The visit with an embedding of each series; what the rule of models.image says is not known here."""
    x = record.x.copy()
    x[LOOKS_AT] = np.nan
    if not sized:
        x[MEASURED_AT] = np.nan
    for modality in modalities_at(patient, visit, seed):
        x[places_of(MODALITIES[modality])] = encoder.embedding(series_of(patient, visit, modality, seed))
    return replace(record, x=x)
