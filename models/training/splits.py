"""Who is left out together: whole trials where a table holds several, else fifths of the patients."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from models.tables.records import PatientRecord
from models.training.blueprints import Blueprint
from models.training.crossvalidation import folds

FEWEST_IN_TRIAL = 10
OTHERS = "other trials"


class Split(NamedTuple):
    """The part (N,) each patient is left out with, from 0; `trials`: names of the parts where they are trials."""

    part: np.ndarray
    trials: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """How patients were left out, in words."""
        if self.trials:
            return f"one trial of {len(self.trials)} left out at a time ({', '.join(self.trials)})"
        return "a fifth of the patients left out at a time"


def splits(records: Sequence[PatientRecord], blueprint: Blueprint, repeats: int = 1) -> list[Split]:
    """The trials, once; without several trials fifths dealt `repeats` times. Trials of very few go together."""
    count = Counter(record.trial for record in records)
    of = [t.trial if count[t.trial] >= FEWEST_IN_TRIAL else OTHERS for t in records]
    trials = sorted(set(of))
    if len(trials) > 1 and "" not in trials:
        return [Split(np.array([trials.index(trial) for trial in of]), tuple(trials))]
    return [Split(folds(records, blueprint, f"{deal}:" if deal else "")) for deal in range(repeats)]
