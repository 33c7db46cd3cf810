"""Records as padded tensors with labels, ready to be unrolled: what training and the baselines learn from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from models.features import FEATURE_NAMES
from models.fused import chosen
from models.progression import follow_up
from models.serving.context import context
from models.serving.history import cell_names, observe
from models.tables.records import PatientRecord
from models.training.blueprints import Blueprint

SUM = FEATURE_NAMES.index("sum_of_diameters")


@dataclass(frozen=True)
class Samples:
    """N patients, padded to T visits: `inputs` (T, N, I) and `context` (T, N, C) raw with NaN, the rest (T, N).

    `time_days` and `event`: what follows the visit (of a `pcr` only the event). `labelled`: the visit counts
    in the loss; `at_risk`: it counts in the evaluation.
    """

    inputs: Tensor
    context: Tensor
    elapsed_days: Tensor
    days: Tensor
    present: Tensor
    time_days: Tensor
    event: Tensor
    labelled: Tensor
    at_risk: Tensor


def usable(records: Sequence[PatientRecord], blueprint: Blueprint) -> list[PatientRecord]:
    """The records reduced to the visits the model runs on; patients without any are left out."""
    needed = [FEATURE_NAMES.index(name) for name in blueprint.applies_to.needs]
    kept = []
    for record in records:
        visits = tuple(v for v in record.visits if np.isfinite(v.x[needed]).any())
        if visits and record.disease in blueprint.applies_to.diseases:
            kept.append(replace(record, visits=visits))
    return kept


def samples(records: Sequence[PatientRecord], blueprint: Blueprint) -> Samples:
    """Tensors of `usable` records, inputs computed as the service computes them, visit by visit."""
    names, facts = blueprint.architecture.feature_names, blueprint.architecture.context_names
    points = [record.timepoints() for record in records]
    x = _padded([[chosen(p.x, names) for p in each] for each in points], np.nan)
    elapsed = _padded([[p.elapsed_days for p in each] for each in points], 0.0)
    known = _padded([[context(facts, p.clinical, p.treatments) for p in each] for each in points], np.nan)
    present = _padded([[1.0] * len(each) for each in points], 0.0) > 0
    followed = [_followed(record, blueprint) for record in records]
    labels = _padded(followed, 0.0)  # (T, N, [time, event, labelled, at risk])
    cells, inputs, days = torch.zeros(len(records), len(cell_names(names))), [], []
    for visit in range(len(x)):
        cells, seen = observe(cells, x[visit], elapsed[visit], names)
        inputs.append(seen)
        days.append(cells[:, -1])
    time_days, event, labelled, at_risk = labels.unbind(-1)
    return Samples(
        torch.stack(inputs), known, elapsed, torch.stack(days), present, time_days, event, labelled > 0, at_risk > 0
    )


def outcome(record: PatientRecord, endpoint: str) -> bool | None:
    """Whether the endpoint happened, None where nobody has said."""
    return record.outcomes[endpoint][1] if endpoint in record.outcomes else None


def _followed(record: PatientRecord, blueprint: Blueprint) -> list[list[float]]:
    """Per visit: time, event, labelled, at risk."""
    if blueprint.endpoint == "progression":
        follow_ups = follow_up([v.day for v in record.visits], [float(v.x[SUM]) for v in record.visits])
        return [[f.time_days, f.event, f.time_days > 0, f.at_risk and f.time_days > 0] for f in follow_ups]
    if blueprint.endpoints[0].horizon_days is not None:
        return _until_outcome(record, blueprint.endpoint)
    happened = outcome(record, blueprint.endpoint)
    day = record.outcomes[blueprint.endpoint][0] if happened is not None else None
    before = [happened is not None and (day is None or v.day < day) for v in record.visits]
    return [[0.0, float(bool(happened)), known, known] for known in before]


def _until_outcome(record: PatientRecord, endpoint: str) -> list[list[float]]:
    """Per visit, to the day of the event or the last on which it had not happened; nothing is known without a day.

    Who came to a visit after that last day was free of the event then.
    """
    day, happened = record.outcomes.get(endpoint, (None, False))
    if day is None:
        return [[0.0, 0.0, False, False] for _ in record.visits]
    until = day if happened else max(day, record.visits[-1].day)
    ahead_days = [until - visit.day for visit in record.visits]
    return [[days, float(happened), days > 0, days > 0] for days in ahead_days]


def _padded(rows: Sequence[Sequence[ArrayLike]], fill: float) -> Tensor:
    """Rows per patient and visit → (T, N, …) float32."""
    longest = max(map(len, rows))
    width = np.shape(rows[0][0])
    full = np.full((longest, len(rows), *width), fill, dtype=np.float32)
    for n, visits in enumerate(rows):
        full[: len(visits), n] = np.array(visits, dtype=np.float32)
    return torch.from_numpy(full)
