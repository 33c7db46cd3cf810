import csv
import json
import random
import re
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from models.card import COMMITTED
from models.evaluate import Evaluation, cross_validated, evaluate, load_usable, write_predictions
from models.forecast import RiskForecast, SizeForecast
from models.serving.forecaster import load_forecaster
from models.training.blueprints import BLUEPRINTS
from models.training.crossvalidation import Forecasts, folds, forecast_pair
from stream.__main__ import build_app
from stream.errors import WrongUse
from tests.data import shared_data
from tests.models.judging.test_baselines import cohort as cohort_of_baselines
from tests.models.timelines import made_timelines

pytestmark = pytest.mark.usefixtures("few_trees", "as_they_are")
HEADER = "patient_id,day,longest_diameter_mm,trial"


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty patients whose lesions shrink, then grow at a pace of their own."""
    return written(tmp_path_factory.mktemp("tables") / "cohort", rows_of(30))


@pytest.fixture(scope="module")
def left_out(cohort: Path) -> tuple[Evaluation, Forecasts]:
    """The cohort judged by weights that were fitted, hardly, without the patient."""
    blueprint = replace(BLUEPRINTS["progression"], epochs=1)
    return cross_validated(load_usable(cohort, blueprint), blueprint)


def rows_of(patients: int) -> list[str]:
    numbers = np.random.default_rng(8)
    rows = []
    for patient in range(patients):
        growth = numbers.normal(0.0, 0.15)
        for visit in range(5):
            size = 40 * np.exp(growth * visit + numbers.normal(0, 0.05))
            rows.append(f"p{patient:02d},{42 * visit - 7},{size:.1f},BIRCH")
    return rows


def written(folder: Path, rows: list[str], header: str = HEADER) -> Path:
    folder.mkdir()
    (folder / "measurements.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder


ROWS_PER_VISIT = 4 + 3 * 3  # risks, and three intervals of a size on each of three days
KEY = ("patient_id", "day", "endpoint", "horizon_kind", "horizon_days", "level")
SAID = ("risk", "risk_low", "risk_high", "value", "value_low", "value_high")


def predictions(folder: Path, out: Path) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Risk or size and interval as written, by patient, day, endpoint and horizon."""
    records = load_usable(folder, BLUEPRINTS["progression"])
    write_predictions(out, records, forecast_pair(load_forecaster(COMMITTED / "progression"), records).lead)
    with out.open(newline="") as lines:
        return {tuple(row[name] for name in KEY): tuple(row[name] for name in SAID) for row in csv.DictReader(lines)}


def scanstream(*words: str) -> object:
    return CliRunner().invoke(build_app(), words)


def test_a_patients_forecasts_never_depend_on_the_others_in_the_folder(cohort: Path, tmp_path: Path) -> None:
    everyone = predictions(cohort, tmp_path / "all.csv")
    shuffled = rows_of(30)[:50]
    random.Random(0).shuffle(shuffled)
    some = predictions(written(tmp_path / "some", shuffled), tmp_path / "some.csv")
    assert len(some) == 50 * ROWS_PER_VISIT
    assert some == {key: everyone[key] for key in some}


def test_a_forecast_uses_only_what_was_known_on_its_day(cohort: Path, tmp_path: Path) -> None:
    everything = predictions(cohort, tmp_path / "all.csv")
    early_rows = [row for row in rows_of(30) if int(row.split(",")[1]) < 60]
    early = predictions(written(tmp_path / "early", early_rows), tmp_path / "early.csv")
    assert early == {key: everything[key] for key in early}


def test_the_day_of_a_prediction_is_the_tables_own(cohort: Path, tmp_path: Path) -> None:
    assert {key[1] for key in predictions(cohort, tmp_path / "p.csv")} == {"-7", "35", "77", "119", "161"}


def test_it_says_when_the_judged_patients_were_trained_on(tmp_path: Path) -> None:
    header, *rows = (shared_data() / "immunotherapy" / "measurements.csv").read_text().splitlines()
    few = sorted({row.split(",")[2] for row in rows if row.startswith("FIR,")})[:12]
    some = written(tmp_path / "trained", [row for row in rows if row.split(",")[2] in few], header)
    seen = evaluate("progression", some, cross_validate=False, predictions=None)
    assert seen.trained_on == seen.patients == 12
    assert "flatter" in str(seen)


def test_cross_validation_forecasts_each_patient_without_that_patient(
    left_out: tuple[Evaluation, Forecasts],
) -> None:
    found, forecasts = left_out
    assert found.weights_version is None
    assert all(len(visits) == 5 for visits in forecasts)
    places = {(score.place, score.measure) for score in found.scores}
    measures = ("AUC", "PR area", "Uno's C", "Brier score", "observed/expected", "calibration slope", "F1")
    assert {("within 180 days", measure) for measure in measures} <= places
    assert ("at the next visit, after visit 2", "Brier score") in places
    beside = {"last value", "trend", "growth over nadir", "headroom", "logistic regression", "gradient boosting"}
    assert beside < set(found.scores[0].models)


def test_whole_trials_are_left_out_where_there_are_several(tmp_path: Path) -> None:
    rows = [row.replace("BIRCH", "FIR" if row < "p15" else "BIRCH") for row in rows_of(30)]
    blueprint = replace(BLUEPRINTS["progression"], epochs=1)
    found, _ = cross_validated(load_usable(written(tmp_path / "two", rows), blueprint), blueprint)
    assert "one trial of 2 left out at a time (BIRCH, FIR)" in str(found)
    assert {"at the next visit, BIRCH left out", "at the next visit, FIR left out"} <= {s.place for s in found.scores}


def test_sizes_have_rows_of_their_own_among_the_predictions(cohort: Path, tmp_path: Path) -> None:
    timelines = load_usable(cohort, BLUEPRINTS["progression"])[:1]
    low, high = ((38.0, 36.0), (37.0, 35.0)), ((43.0, 45.0), (45.0, 48.0))
    size = SizeForecast("sum_of_diameters", (42, 90), (0.5, 0.8), (40.0, 41.0), low, high)
    risk = RiskForecast("progression", "days", 90, 0.2, 0.1, 0.3)
    write_predictions(tmp_path / "p.csv", timelines, [[[risk, size] for _ in timelines[0].visits]])
    with (tmp_path / "p.csv").open(newline="") as lines:
        first, *sizes = islice(csv.DictReader(lines), 5)
    assert (first["endpoint"], first["risk"], first["value"]) == ("progression", "0.2", "")
    assert [row["horizon_days"] for row in sizes] == ["42", "42", "90", "90"]
    assert [row["level"] for row in sizes] == ["0.5", "0.8", "0.5", "0.8"]
    last = sizes[-1]
    assert (last["endpoint"], last["horizon_kind"], last["risk"]) == ("size", "days", "")
    assert [last[name] for name in ("value", "value_low", "value_high", "level")] == ["41.0", "35.0", "48.0", "0.8"]


def test_folds_do_not_depend_on_the_order_of_the_table() -> None:
    timelines = made_timelines("progression", n=30)
    blueprint = BLUEPRINTS["progression"]
    forward = dict(zip([t.patient_id for t in timelines], folds(timelines, blueprint), strict=True))
    backward = dict(zip([t.patient_id for t in timelines[::-1]], folds(timelines[::-1], blueprint), strict=True))
    assert forward == backward


def test_too_few_patients_to_cross_validate_is_said(tmp_path: Path) -> None:
    few = written(tmp_path / "few", rows_of(4))
    with pytest.raises(WrongUse, match="known what followed"):
        scanstream_raising("evaluate", "progression", "--data", str(few), "--cross-validate")


def test_a_single_patient_is_forecast_though_there_is_nothing_to_judge(tmp_path: Path) -> None:
    alone = written(tmp_path / "alone", ["p,0,50,BIRCH"])
    out = tmp_path / "p.csv"
    assert "nothing to judge" in str(evaluate("progression", alone, cross_validate=False, predictions=out))
    assert len(out.read_text().splitlines()) == 1 + ROWS_PER_VISIT
    assert len(predictions(alone, out)) == ROWS_PER_VISIT


def scanstream_raising(*words: str) -> None:
    result = CliRunner().invoke(build_app(), words)
    if result.exception:
        raise result.exception


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("evaluate", "relapse", "--data", "."), "There is no model 'relapse'"),
        (("evaluate", "progression", "--data", "/nowhere"), "There is no folder /nowhere"),
        (("train", "response", "--data", "/nowhere"), "There is no folder /nowhere"),
    ],
)
def test_a_users_mistake_ends_in_one_sentence(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        scanstream_raising(*words)


def test_the_other_models_patients_are_refused_by_name(cohort: Path) -> None:
    with pytest.raises(WrongUse, match="no visit for response: it needs disease breast"):
        scanstream_raising("evaluate", "response", "--data", str(cohort))


def test_figures_come_as_json_for_scripts(cohort: Path) -> None:
    found = json.loads(scanstream("evaluate", "progression", "--data", str(cohort), "--json").stdout)
    assert (found["trained_on"], found["patients"]) == (0, 30)
    assert "flatter" not in found["provenance"]
    assert {"calibration", "decision_curve", "subgroups", "sizes"} <= set(found)
    value, low, high = found["scores"][0]["LSTM"]
    assert low <= value <= high


def test_the_models_that_come_along_are_listed() -> None:
    listed = json.loads(scanstream("model", "list", "--json").stdout)
    assert [each["model"] for each in listed] == ["progression", "response", "growth-map", "slices"]


def test_a_table_names_the_best_model_and_lists_all_with_intervals(left_out: tuple[Evaluation, Forecasts]) -> None:
    found, _ = left_out
    lines = str(found).splitlines()
    best = min(
        (s for s in found.scores if (s.place, s.measure) == ("at the next visit", "Brier score")), key=lambda s: s.place
    ).models
    name = min(best, key=lambda each: best[each].value)
    assert any(line.startswith("At the next visit: smallest Brier score") and name in line for line in lines)
    row = next(line for line in lines if line.startswith("logistic regression"))
    assert re.search(r"\d\.\d{3} \(\d\.\d{3}, \d\.\d{3}\)", row)
    assert max(map(len, lines)) <= 170


def test_groups_of_few_patients_are_left_out_of_the_subgroups() -> None:
    timelines = [replace(t, trial="A" if n < 50 else "B") for n, t in enumerate(cohort_of_baselines(60))]
    blueprint = replace(BLUEPRINTS["progression"], epochs=1)
    found, _ = cross_validated(timelines, blueprint)
    assert {score.place for score in found.subgroups} == {"trial A"}
    json.dumps(found.to_json(), allow_nan=False)
