"""Judging the slice classifier on outlined series: beside other networks, under corruption, and on new patients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.card import patient_sha256
from models.imaging.classifier import SliceClassifier
from models.imaging.outlined import OutlinedSeries
from models.judging.slices.by_patients import BySize, by_patients
from models.judging.slices.comparison import Fold, compared
from models.judging.slices.figures import MEASURES, measures_of_series, predictions
from models.judging.slices.gradients import DISTANCES, Reach, reaches
from models.judging.slices.reliability import Reliability, reliability
from models.judging.slices.robustness import robustness
from models.statistics.metrics import Estimate
from models.training.slices.lesson import Lesson

NEW = "all members, patients that none of them saw"
Row = Mapping[str, Estimate]


@dataclass(frozen=True)
class SliceEvaluation:
    """Measures by row: of ways to read along (`compared`), of corruptions (`robust`), of `new` patients; `reaches`.

    `reliable`: what was said of slices, and of runs of slices, beside what is so. `by_patients`: by the number of
    patients learned from; empty where members were not to be fitted anew.
    """

    compared: Mapping[str, Row]
    reliable: Mapping[str, Reliability]
    robust: Mapping[tuple[str, float], Row]
    reaches: Mapping[str, Reach]
    by_patients: Mapping[int, BySize]
    new: Row | None

    def to_json(self) -> dict[str, Any]:
        """Plain values; estimates as [value, low, high]."""
        return {
            "compared": {name: _plain(row) for name, row in self.compared.items()},
            "reliability": {name: _plain_reliability(each) for name, each in self.reliable.items()},
            "robust": [{"corruption": n, "strength": s, **_plain(row)} for (n, s), row in self.robust.items()],
            "gradient_by_distance": {
                name: {"distance": DISTANCES, "before": each.before.tolist(), "after": each.after.tolist()}
                for name, each in self.reaches.items()
            },
            "by_patients": {size: _plain_by_size(each) for size, each in self.by_patients.items()},
            "new_patients": _plain(self.new) if self.new else None,
        }

    def __str__(self) -> str:
        parts = []
        if self.compared:
            parts.append(_table("read by", self.compared))
            parts += [_reliability_table(name, each) for name, each in self.reliable.items()]
            named = {f"{n} {s:g}" if s else n: row for (n, s), row in self.robust.items()}
            parts.append(_table("pictures", named))
            parts.append(_reach_table(self.reaches))
        if self.by_patients:
            parts.append(_by_size_table(self.by_patients))
        if self.new:
            parts.append(_table("read by", {NEW: self.new}))
        return "\n\n".join(parts)


def evaluate_slices(series: Sequence[OutlinedSeries], weights: Path, draws: int = 0) -> SliceEvaluation:
    """Figures of the classifier in the folder `weights` on `series`, each by members that did not learn from it.

    Patients whom a member left out are judged by that member, patients new to all by all. `draws`: how often patients
    are dealt to members that are fitted anew with fewer of them.
    """
    classifier = SliceClassifier.load(weights)
    known = {patient: n for n, part in enumerate(classifier.card.training_data["left_out"]) for patient in part}
    lessons = [Lesson.of(each) for each in series if patient_sha256(each.patient) in known]
    folds = []
    for number, member in enumerate(classifier.members):
        mine = [known[patient_sha256(lesson.patient)] == number for lesson in lessons]
        out = [lesson for lesson, left_out in zip(lessons, mine, strict=True) if left_out]
        if out and not all(mine):
            others = [lesson for lesson, left_out in zip(lessons, mine, strict=True) if not left_out]
            folds.append(Fold(member, others, out))
    new = [each for each in series if patient_sha256(each.patient) not in known]
    seed = classifier.card.seed
    return SliceEvaluation(
        compared=compared(folds, seed).measures() if folds else {},
        reliable=reliability([predictions(f.network, one) for f in folds for one in f.left_out]) if folds else {},
        robust=robustness(folds) if folds else {},
        reaches=reaches(folds[0], seed) if folds else {},
        by_patients=by_patients(lessons, folds, draws, seed) if folds and draws else {},
        new=measures_of_series(classifier, new) if new else None,
    )


def _plain(row: Row) -> dict[str, Any]:
    return {name: estimate.to_json() for name, estimate in row.items()}


def _plain_reliability(of: Reliability) -> dict[str, Any]:
    groups = [{**each._asdict(), "observed": each.observed.to_json()} for each in of.groups]
    return {**_plain(of.measures), "groups": groups}


def _plain_by_size(of: BySize) -> dict[str, Any]:
    return {"members": of.members, "alone": _plain(of.alone), "together": _plain(of.together)}


def _table(what: str, rows: Mapping[str, Row]) -> str:
    """A table of Markdown, intervals in brackets."""
    names = [name.replace("_", " ").replace("auc", "AUC") for name in MEASURES]
    lines = [f"| {what} | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for name, row in rows.items():
        lines.append(f"| {name} | {' | '.join(_cell(row[k]) for k in MEASURES)} |")
    return "\n".join(lines)


def _cell(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f}, {estimate.high:.3f})"


def _reliability_table(name: str, of: Reliability) -> str:
    """Its groups, under a line with its measures."""
    lines = [f"{name}: {', '.join(f'{what} {_cell(value)}' for what, value in of.measures.items())}", ""]
    lines += ["| said, mean | shown | of |", "|---|---|---|"]
    lines += [f"| {each.expected:.3f} | {_cell(each.observed)} | {each.rows} |" for each in of.groups]
    return "\n".join(lines)


def _by_size_table(of: Mapping[int, BySize]) -> str:
    """AUC of members by how many patients they learned from."""
    lines = ["| patients learned from | AUC, one member | AUC, mean of all that did not know the patient | members |"]
    lines.append("|---|---|---|---|")
    for size, each in of.items():
        together = _cell(each.together["auc"]) if each.members > 1 else ""
        lines.append(f"| {size} | {_cell(each.alone['auc'])} | {together} | {each.members} |")
    return "\n".join(lines)


def _reach_table(of: Mapping[str, Reach]) -> str:
    lines = [f"| slices back | {' | '.join(map(str, DISTANCES))} |", "|---" * (len(DISTANCES) + 1) + "|"]
    for name, reach in of.items():
        for when, norms in (("before training", reach.before), ("after training", reach.after)):
            lines.append(f"| {name}, {when} | {' | '.join(f'{norm:.2g}' for norm in norms)} |")
    return "\n".join(lines)
