"""Searching a model's settings with optuna: inner splits choose, outer splits judge, patients or trials apart.

`python -m models.search MODEL --data DIR --study FILE --trials N` takes each study in FILE (JSON lines) to N trials.
For every outer part there is one of all patients but that part's, whose winner is judged on that part beside the
present settings. The winner of one more, of all patients, is the answer.
"""

import argparse
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from models.evaluate import load_usable
from models.judging.judge import RESAMPLING_SEED, risks_at
from models.judging.report import cell
from models.statistics.metrics import Estimate, brier, estimate, over_patients
from models.tables.csv_table import UnusableTable
from models.tables.records import PatientRecord, TreatmentRecord
from models.training.blueprints import Blueprint, UnknownModel, blueprint_of
from models.training.crossvalidation import forecast
from models.training.fit import fit_forecaster
from models.training.landmarks import Landmarks, landmarks, questions
from models.training.search_space import Settings, present, suggested, with_settings
from models.training.splits import splits
from models.training.terminal import progress

SEED = 20261123
WORST = 1.0  # the score of weights that forecast no number


class OtherStudy(ValueError):
    """A file holds a study of other patients or another seed: one sentence."""


@dataclass(frozen=True)
class OuterResult:
    """One outer part: settings chosen without it, their inner score, and on it theirs and that of the present ones."""

    left_out: str
    chosen: Settings
    inner: float
    outer: float
    present: float


@dataclass(frozen=True)
class SearchResult:
    """What was found; `difference`: outer score of the chosen minus that of the present settings, over patients."""

    model: str
    trials: int
    parts: tuple[OuterResult, ...]
    chosen: Estimate
    present: Estimate
    difference: Estimate
    best: Settings
    best_inner: float
    present_inner: float

    @property
    def verdict(self) -> str:
        """Whether the search earned its place, in one sentence."""
        if self.difference.high < 0:
            return "The search errs less than the present settings on patients it did not see."
        return "The search does not beat the present settings on patients it did not see: keep them."

    def __str__(self) -> str:
        table = [f"{'left out':14}{'inner':>9}{'outer':>9}{'outer, present':>17}  chosen"]
        for part in self.parts:
            figures = f"{part.inner:9.4f}{part.outer:9.4f}{part.present:17.4f}"
            table.append(f"{part.left_out:14}{figures}  {_words(part.chosen)}")
        pairs = (("chosen", self.chosen), ("present", self.present), ("difference", self.difference))
        outer = ", ".join(f"{name} {cell(score, exact=True)}" for name, score in pairs)
        inner = f"inner score {self.best_inner:.4f}, of the present settings {self.present_inner:.4f}"
        first = f"{self.model}: {self.trials} trials a study; mean Brier score over what is asked, less is better."
        best = f"Best on all patients: {_words(self.best)}; {inner}, flattered by the choice."
        return "\n".join([first, *table, f"Outer, all parts: {outer}", best, self.verdict])


def search(blueprint: Blueprint, records: Sequence[PatientRecord], file: Path, trials: int, seed: int) -> SearchResult:
    """Take the studies in `file` up to `trials` each and judge their winners on `usable` records.

    A trial follows from the seed and the trials before it, so that a study that was interrupted goes on as if it had
    not been. Raises OtherStudy.
    """
    blueprint = replace(blueprint, architecture=replace(blueprint.architecture, stacked=()))  # the network's alone
    outer = splits(records, blueprint)[0]
    rows = landmarks(records, blueprint)
    names = outer.trials or tuple(f"fifth {k + 1}" for k in range(int(outer.part.max()) + 1))
    risks = {kind: np.zeros((len(rows.patient), len(questions(blueprint)))) for kind in ("chosen", "present")}
    parts = []
    for k, name in enumerate(names):
        inside = [records[n] for n in np.flatnonzero(outer.part != k).tolist()]
        study = _study(file, f"{blueprint.model} without {name}", blueprint, inside, trials, seed)
        here, of = outer.part[rows.patient] == k, {"chosen": study.best_params, "present": present(blueprint)}
        for kind, settings in of.items():
            risks[kind][here] = _risks(with_settings(blueprint, settings), inside, records, rows.of(here), seed)
        outside = [score(rows.of(here), risks[kind][here], blueprint) for kind in of]
        parts.append(OuterResult(name, study.best_params, study.best_value, *outside))
    whole = _study(file, blueprint.model, blueprint, records, trials, seed)
    chosen, now, difference = _compared(rows, risks, blueprint)
    return SearchResult(
        model=blueprint.model,
        trials=trials,
        parts=tuple(parts),
        chosen=chosen,
        present=now,
        difference=difference,
        best=whole.best_params,
        best_inner=whole.best_value,
        present_inner=_complete(whole)[0].values[0],
    )


def score(rows: Landmarks, risks: np.ndarray, blueprint: Blueprint, count: np.ndarray | None = None) -> float:
    """Mean over the questions of the Brier score of risks (R, K), each row drawn `count` times; less is better."""
    drawn = np.ones(len(rows.patient)) if count is None else count
    each = [brier(risks[:, k], rows.weights(endpoint, drawn)) for k, endpoint in enumerate(questions(blueprint))]
    return float(np.mean(each))


def _study(
    file: Path, name: str, blueprint: Blueprint, records: Sequence[PatientRecord], trials: int, seed: int
) -> optuna.Study:
    """The study `name` in `file`, taken up to `trials` on inner splits of `records`; the present settings first."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(file)))
    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
    made_of = study.user_attrs.get("made_of")
    if made_of not in (None, digest(records, seed)):
        raise OtherStudy(f"{file} holds a study {name!r} of other patients or another seed: name another file.")
    study.set_user_attr("made_of", digest(records, seed))
    split, rows = splits(records, blueprint)[0], landmarks(records, blueprint)

    def objective(trial: optuna.Trial) -> float:
        tried = with_settings(blueprint, suggested(trial, blueprint))
        risks = np.zeros((len(rows.patient), len(questions(blueprint))))
        for k in np.unique(split.part):
            inside = [records[n] for n in np.flatnonzero(split.part != k).tolist()]
            here = split.part[rows.patient] == k
            risks[here] = _risks(tried, inside, records, rows.of(here), seed + int(k))
        return score(rows, risks, blueprint) if np.isfinite(risks).all() else WORST

    for number in progress(range(_ready(study, blueprint), trials), name):
        study.sampler = optuna.samplers.TPESampler(seed=seed + number)
        study.optimize(objective, n_trials=1)
    return study


def _ready(study: optuna.Study, blueprint: Blueprint) -> int:
    """How many trials are complete; one that was interrupted has failed, the first takes the present settings."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    complete = len(_complete(study))
    if not complete and not study.get_trials(states=(TrialState.WAITING,)):
        study.enqueue_trial(dict(present(blueprint)))
    return complete


def _complete(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """The trials that have a score; the first is of the present settings."""
    return study.get_trials(states=(TrialState.COMPLETE,))


def digest(records: Sequence[PatientRecord], seed: int) -> str:
    """What a study was made of: the seed and everything that is known of its patients."""
    known = hashlib.sha256(str(seed).encode())
    for record in records:
        known.update(_written("Timeline", replace(record, visits=())).encode())
        for visit in record.visits:
            known.update(repr(visit.day).encode() + visit.x.tobytes())
    return known.hexdigest()


def _written(name: str, record: PatientRecord | TreatmentRecord) -> str:
    """The record as text under the `name` that studies in older files know it by: the classes may be renamed."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    texts = {field: repr(value) for field, value in values.items()}
    if isinstance(record, PatientRecord):
        given = [_written("Treatment", each) for each in record.treatments]
        texts["treatments"] = f"({', '.join(given)}{',' if len(given) == 1 else ''})"
    return f"{name}({', '.join(f'{field}={text}' for field, text in texts.items())})"


def _risks(
    blueprint: Blueprint,
    inside: Sequence[PatientRecord],
    records: Sequence[PatientRecord],
    rows: Landmarks,
    seed: int,
) -> np.ndarray:
    """Risks (R, K) at `rows` of `records`, whose patients are not `inside`, by weights fitted on those inside."""
    patients, place = np.unique(rows.patient, return_inverse=True)
    forecasts = forecast(fit_forecaster(blueprint, inside, seed), [records[n] for n in patients.tolist()])
    return risks_at(replace(rows, patient=place), forecasts, blueprint)


def _compared(rows: Landmarks, risks: Mapping[str, np.ndarray], blueprint: Blueprint) -> Iterator[Estimate]:
    """Outer score of the chosen, of the present, and the difference, with intervals over patients."""

    def measure(count: np.ndarray) -> np.ndarray:
        chosen, now = (score(rows, risks[kind], blueprint, count) for kind in ("chosen", "present"))
        return np.array([chosen, now, chosen - now])

    return map(estimate, over_patients(rows.patient, measure, RESAMPLING_SEED).T)


def _words(settings: Settings) -> str:
    shown = {name: f"{value:.3g}" if isinstance(value, float) else value for name, value in settings.items()}
    return ", ".join(f"{name} {value}" for name, value in shown.items())


def main() -> None:
    """Search, judge, print."""
    parser = argparse.ArgumentParser(prog="python -m models.search", description=__doc__)
    parser.add_argument("model", help="progression, response or survival")
    parser.add_argument("--data", type=Path, required=True, help="folder of tables, as for scanstream train")
    parser.add_argument("--study", type=Path, required=True, help="file of the studies; one that exists goes on")
    parser.add_argument("--trials", type=int, required=True, help="how many each study holds in the end")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    try:
        blueprint = blueprint_of(given.model)
        records = load_usable(given.data, blueprint)
        print(search(blueprint, records, given.study, given.trials, given.seed))
    except (UnknownModel, UnusableTable, OtherStudy) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
