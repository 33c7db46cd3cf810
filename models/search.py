"""Searching a model's settings with optuna: inner splits choose, outer splits judge, patients or trials apart.

`python -m models.search MODEL --data DIR --study FILE --trials N` takes each study in FILE (JSON lines) to N trials.
For every outer part there is one of all patients but that part's, whose winner is judged on that part beside the
present settings. The winner of one more, of all patients, is the answer.
"""

import argparse
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
from models.tables.records import Timeline
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
class Judged:
    """One outer part: settings chosen without it, their inner score, and on it theirs and that of the present ones."""

    left_out: str
    chosen: Settings
    inner: float
    outer: float
    present: float


@dataclass(frozen=True)
class Searched:
    """What was found; `difference`: outer score of the chosen minus that of the present settings, over patients."""

    model: str
    trials: int
    parts: tuple[Judged, ...]
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
        for one in self.parts:
            figures = f"{one.inner:9.4f}{one.outer:9.4f}{one.present:17.4f}"
            table.append(f"{one.left_out:14}{figures}  {_words(one.chosen)}")
        pairs = (("chosen", self.chosen), ("present", self.present), ("difference", self.difference))
        outer = ", ".join(f"{name} {cell(found, exact=True)}" for name, found in pairs)
        inner = f"inner score {self.best_inner:.4f}, of the present settings {self.present_inner:.4f}"
        first = f"{self.model}: {self.trials} trials a study; mean Brier score over what is asked, less is better."
        best = f"Best on all patients: {_words(self.best)}; {inner}, flattered by the choice."
        return "\n".join([first, *table, f"Outer, all parts: {outer}", best, self.verdict])


def search(blueprint: Blueprint, timelines: Sequence[Timeline], file: Path, trials: int, seed: int) -> Searched:
    """Take the studies in `file` up to `trials` each and judge their winners on `usable` timelines.

    A trial follows from the seed and the trials before it, so that a study that was interrupted goes on as if it had
    not been. Raises OtherStudy.
    """
    blueprint = replace(blueprint, architecture=replace(blueprint.architecture, stacked=()))  # the network's alone
    outer = splits(timelines, blueprint)[0]
    rows = landmarks(timelines, blueprint)
    names = outer.trials or tuple(f"fifth {k + 1}" for k in range(int(outer.part.max()) + 1))
    risks = {kind: np.zeros((len(rows.patient), len(questions(blueprint)))) for kind in ("chosen", "present")}
    parts = []
    for k, name in enumerate(names):
        inside = [timelines[n] for n in np.flatnonzero(outer.part != k)]
        study = _study(file, f"{blueprint.model} without {name}", blueprint, inside, trials, seed)
        here, of = outer.part[rows.patient] == k, {"chosen": study.best_params, "present": present(blueprint)}
        for kind, settings in of.items():
            risks[kind][here] = _risks(with_settings(blueprint, settings), inside, timelines, rows.of(here), seed)
        outside = [score(rows.of(here), risks[kind][here], blueprint) for kind in of]
        parts.append(Judged(name, study.best_params, study.best_value, *outside))
    whole = _study(file, blueprint.model, blueprint, timelines, trials, seed)
    return Searched(
        blueprint.model, trials, tuple(parts), *_compared(rows, risks, blueprint),
        whole.best_params, whole.best_value, _complete(whole)[0].value,
    )  # fmt: skip


def score(rows: Landmarks, risks: np.ndarray, blueprint: Blueprint, count: np.ndarray | None = None) -> float:
    """Mean over the questions of the Brier score of risks (R, K), each row drawn `count` times; less is better."""
    drawn = np.ones(len(rows.patient)) if count is None else count
    each = [brier(risks[:, k], rows.weights(asked, drawn)) for k, asked in enumerate(questions(blueprint))]
    return float(np.mean(each))


def _study(
    file: Path, name: str, blueprint: Blueprint, timelines: Sequence[Timeline], trials: int, seed: int
) -> optuna.Study:
    """The study `name` in `file`, taken up to `trials` on inner splits of `timelines`; the present settings first."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(file)))
    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
    made_of = study.user_attrs.get("made_of")
    if made_of not in (None, _digest(timelines, seed)):
        raise OtherStudy(f"{file} holds a study {name!r} of other patients or another seed: name another file.")
    study.set_user_attr("made_of", _digest(timelines, seed))
    split, rows = splits(timelines, blueprint)[0], landmarks(timelines, blueprint)

    def objective(trial: optuna.Trial) -> float:
        tried = with_settings(blueprint, suggested(trial, blueprint))
        risks = np.zeros((len(rows.patient), len(questions(blueprint))))
        for k in np.unique(split.part):
            inside, here = [timelines[n] for n in np.flatnonzero(split.part != k)], split.part[rows.patient] == k
            risks[here] = _risks(tried, inside, timelines, rows.of(here), seed + int(k))
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


def _digest(timelines: Sequence[Timeline], seed: int) -> str:
    """What a study was made of: the seed and everything that is known of its patients."""
    known = hashlib.sha256(str(seed).encode())
    for timeline in timelines:
        known.update(repr(replace(timeline, visits=())).encode())
        for visit in timeline.visits:
            known.update(repr(visit.day).encode() + visit.x.tobytes())
    return known.hexdigest()


def _risks(
    blueprint: Blueprint, inside: Sequence[Timeline], timelines: Sequence[Timeline], rows: Landmarks, seed: int
) -> np.ndarray:
    """Risks (R, K) at `rows` of `timelines`, whose patients are not `inside`, by weights fitted on those inside."""
    patients, place = np.unique(rows.patient, return_inverse=True)
    forecasts = forecast(fit_forecaster(blueprint, inside, seed), [timelines[n] for n in patients])
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
        timelines = load_usable(given.data, blueprint)
        print(search(blueprint, timelines, given.study, given.trials, given.seed))
    except (UnknownModel, UnusableTable, OtherStudy) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
