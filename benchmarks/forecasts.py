"""The figures of docs/forecasts.md: `python -m benchmarks.forecasts FOLDER` with immunotherapy and ispy2 in it.

Takes some minutes on one core; the seeds are fixed, so that the same code writes the same file.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from models.card import NOT_MODELS
from models.evaluate import evaluate
from models.judging.report import SHORT_NAMES, cell
from models.statistics.metrics import Estimate

FILE = Path(__file__).resolve().parents[1] / "docs" / "forecasts.md"
BEGIN, END = "<!-- measured: written by python -m benchmarks.forecasts -->", "<!-- end of what was measured -->"
DEALS = 10  # of the fifths, as the outside numbers of I-SPY2
SHOWN = ("AUC", "PR area", "Uno's C", "Brier score", "observed/expected", "calibration slope", "calibration intercept")
FLAGGED = ("accuracy", "precision", "recall", "F1", "net benefit")
Score = Mapping[str, Any]

# What was reached on the same data before, and what is aimed at.
PCR = ("0.739", "0.792", "0.828", "0.842"), ("0.609", "0.738", "0.799", "0.812")
PCR_AIMS = ("0.745", "0.80", "0.835", "0.845"), ("0.61", "0.745", "0.80", "0.815")


def main(folder: Path) -> None:
    """Judge both models by cross-validation and write the tables between the marks of the file."""
    torch.set_num_threads(1)
    progression = evaluate("progression", folder / "immunotherapy", cross_validate=True, predictions=None).to_json()
    response = evaluate("response", folder / "ispy2", cross_validate=True, predictions=None, repeats=DEALS).to_json()
    text = "\n".join([*_aims(progression, response), *_progression(progression), *_response(response)])
    before, _, rest = FILE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    FILE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def _aims(progression: Mapping[str, Any], response: Mapping[str, Any]) -> Iterator[str]:
    """The aims beside what was found: the network, and the best of all models on the same rows."""
    rows = [
        _aim(task, before, aim, progression["scores"], "at the next visit", measure)
        for task, before, aim, measure in (
            ("first progression at the next visit, AUC", "0.754", ">= 0.765", "AUC"),
            ("the same, Brier score", "0.0823", "<= 0.0815", "Brier score"),
        )
    ]
    kinds = (("with clinical facts", response["scores"]), ("MR only", response["scores_without_clinical_facts"]))
    for (kind, scores), before, aims in zip(kinds, PCR, PCR_AIMS, strict=True):
        for visit, (reached, aim) in enumerate(zip(before, aims, strict=True)):
            name = f"pCR after T{visit}, {kind}, AUC"
            rows.append(_aim(name, reached, f">= {aim}", scores, f"after visit {visit + 1}", "AUC"))
    for measure, reached, aim in (("mean error", "1.00", "<= 1.00"), ("pinball loss", "0.97", "<= 0.96")):
        full, place = f"{measure} / last value", "size at the next visit"
        rows.append(_aim(f"size at the next visit, {full}", reached, aim, progression["sizes"], place, full))
    yield "### Aims\n"
    yield from _table(["task", "before", "aim", "lead", "LSTM", "best of all models", "which"], rows)


def _aim(task: str, before: str, aim: str, scores: Sequence[Score], place: str, measure: str) -> list[str]:
    [score] = [score for score in scores if (score["place"], score["measure"]) == (place, measure)]
    found = {name: each for name, each in score.items() if name not in NOT_MODELS and each is not None}
    best = (max if measure == "AUC" else min)(found, key=lambda name: found[name][0])
    exact = measure == "Brier score"
    return [task, before, aim, *(_cell(found.get(name), exact) for name in ("lead", "LSTM", best)), best]


def _progression(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"### Progression\n\n{found['provenance']} {' '.join(found['notes'])}\n"
    scores = found["scores"]
    for place in _whole(scores):
        yield from _models(place, scores)
    yield "#### One trial left out, at the next visit\n"
    left_out = [score for score in scores if score["place"].endswith("left out")]
    yield from _places(left_out, ("AUC", "Brier score", "observed/expected"))
    yield "#### By landmark\n"
    yield from _places(
        [s for s in scores if ", after visit" in s["place"]], ("AUC", "Brier score", "observed/expected")
    )
    yield "#### Size at the next visit\n"
    for place in dict.fromkeys(score["place"] for score in found["sizes"]):
        yield from _models(place, found["sizes"])
    yield from _closely(found)


def _response(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n### Pathologic complete response\n\n{found['provenance']}\n"
    for title, scores in (("", found["scores"]), (", MR only", found["scores_without_clinical_facts"])):
        for place in _whole(scores):
            yield from _models(place, scores, title)
    yield from _closely(found)


def _closely(found: Mapping[str, Any]) -> Iterator[str]:
    """Worse data, subgroups and calibration."""
    yield "#### Worse data, judged by what truly followed\n"
    yield from _places(found["robustness"], ("AUC", "Brier score"))
    yield "#### Subgroups\n"
    yield from _places(found["subgroups"], ("AUC", "Brier score", "observed/expected"))
    for place, groups in found["calibration"].items():
        yield f"#### Calibration of the lead, {place}\n"
        cells = [[str(g["rows"]), str(g["cases"]), f"{g['expected']:.3f}", _cell(g["observed"])] for g in groups]
        yield from _table(["visits", "with the event", "mean risk", "observed"], cells)
    for place, rows in found["decision_curve"].items():
        yield f"#### Net benefit by threshold, {place} (flagging nobody: 0)\n"
        names = [name for name in rows[0] if name != "threshold"]
        cells = [[f"{row['threshold']:g}", *(_cell(row[name]) for name in names)] for row in rows]
        yield from _table(["threshold", *names], cells)


def _whole(scores: Sequence[Score]) -> list[str]:
    """Places where every measure is taken."""
    return list(dict.fromkeys(score["place"] for score in scores if score["measure"] == "F1"))


def _models(place: str, scores: Sequence[Score], title: str = "") -> Iterator[str]:
    """A table of all models at one place, measures by columns; a second one of what the threshold does."""
    here = {score["measure"]: score for score in scores if score["place"] == place}
    first = next(iter(here.values()))
    cases = f", {first['cases']} with the event" if first["cases"] else ""
    yield f"#### {place[0].upper()}{place[1:]}{title}: {first['rows']} visits{cases}\n"
    models = [name for name in first if name not in NOT_MODELS]
    flagged = [name for name in FLAGGED if name in here]
    for names in ([name for name in SHOWN if name in here] or list(here), flagged):
        if names:
            if names is flagged:
                yield f"Flagged from a risk of {first['threshold']:g} on:\n"
            cells = [[model, *(_cell(here[name][model], name == "Brier score") for name in names)] for model in models]
            yield from _table(["", *names], cells)


def _places(scores: Sequence[Score], measures: Sequence[str]) -> Iterator[str]:
    """A table per measure: places by rows, models that could lead by columns."""
    for measure in measures:
        here = [score for score in scores if score["measure"] == measure]
        shown = [name for name in SHORT_NAMES if here and name in here[0]]
        exact = measure == "Brier score"
        cells = [[s["place"], str(s["rows"]), str(s["cases"]), *(_cell(s[m], exact) for m in shown)] for s in here]
        if cells:
            yield from _table([measure, "visits", "with the event", *shown], cells)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _cell(found: Sequence[float] | None, exact: bool = False) -> str:
    return "-" if found is None else cell(Estimate(*found), exact)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
