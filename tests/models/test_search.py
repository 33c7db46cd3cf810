import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from models.search import OtherStudy, SearchResult, digest, main, search
from models.simulated import write_tables
from models.simulation.patients import simulate
from models.statistics.metrics import Estimate
from models.tables.records import PatientRecord, TreatmentRecord, VisitRecord, load_records
from models.training.blueprints import PROGRESSION
from models.training.fit import card_of
from models.training.samples import usable

pytestmark = pytest.mark.usefixtures("as_they_are")
SEED, TRIALS, VISITS = 75, 2, 3
"""The trials that this seed draws are small ones: here what is searched matters, not what is found."""
QUICK = replace(PROGRESSION, epochs=12, architecture=replace(PROGRESSION.architecture, members=2, hidden=4))
WHOLE, WITHOUT_A, WITHOUT_B = "progression", "progression without A", "progression without B"
Trials = dict[str, list[tuple[dict[str, object], float]]]


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> list[PatientRecord]:
    """Simulated patients, by turns of a trial A and a trial B; a fit takes as long as they have visits."""
    folder = tmp_path_factory.mktemp("tables")
    write_tables(folder, simulate(26))
    records = usable(load_records(folder), QUICK)
    return [replace(one, trial="AB"[n % 2], visits=one.visits[:VISITS]) for n, one in enumerate(records)]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("search") / "study.log"


@pytest.fixture(scope="module")
def found(patients: Sequence[PatientRecord], file: Path) -> SearchResult:
    return search(QUICK, patients, file, TRIALS, SEED)


def study(file: Path, name: str) -> optuna.Study:
    return optuna.load_study(study_name=name, storage=JournalStorage(JournalFileBackend(str(file))))


def studies(file: Path) -> Trials:
    """Settings and scores of the trials that came to an end, by study in `file`."""
    names = optuna.get_all_study_names(JournalStorage(JournalFileBackend(str(file))))
    return {
        name: [(t.params, t.value) for t in study(file, name).trials if t.state.name == "COMPLETE"] for name in names
    }


def test_every_outer_part_has_a_study_of_its_own_that_begins_with_the_present_settings(
    found: SearchResult, file: Path
) -> None:
    assert set(studies(file)) == {WHOLE, WITHOUT_A, WITHOUT_B}
    for (first, _), *others in studies(file).values():
        assert (first["hidden"], first["members"], first["epochs"]) == (4, 2, 12)
        assert len(others) == TRIALS - 1
        assert all(settings != first for settings, _ in others)
    assert [part.left_out for part in found.parts] == ["A", "B"]
    for part in found.parts:
        assert part.inner == min(value for _, value in studies(file)[f"progression without {part.left_out}"])


def test_a_card_names_the_settings_it_was_fitted_with(patients: Sequence[PatientRecord]) -> None:
    said = card_of(QUICK, patients, SEED, {})
    settings = {**said.training_data["settings"], "hidden": said.architecture.hidden}
    wanted = {"epochs": 12, "learning_rate": 0.02, "weight_decay": 0.1, "hidden": 4}
    assert settings.items() >= wanted.items()


def test_the_same_seed_gives_the_same_studies_though_they_were_killed_in_mid_trial(
    found: SearchResult, patients: Sequence[PatientRecord], file: Path, tmp_path: Path
) -> None:
    search(QUICK, patients, tmp_path / "study.log", TRIALS - 1, SEED)
    study(tmp_path / "study.log", WITHOUT_A).ask()  # a trial that nobody will finish
    assert search(QUICK, patients, tmp_path / "study.log", TRIALS, SEED) == found
    assert studies(tmp_path / "study.log") == studies(file)


def test_a_stored_study_is_read_again_without_another_trial(
    found: SearchResult, patients: Sequence[PatientRecord], file: Path
) -> None:
    before = studies(file)
    assert search(QUICK, patients, file, TRIALS, SEED) == found
    assert studies(file) == before
    assert all(json.loads(line) for line in file.read_text().splitlines())


def test_patients_left_out_never_touch_the_choice(
    found: SearchResult, patients: Sequence[PatientRecord], tmp_path: Path
) -> None:
    other = [one if one.trial == "A" else replace(one, visits=one.visits[::-1][:2][::-1]) for one in patients]
    changed = search(QUICK, other, tmp_path / "study.log", TRIALS, SEED)
    (without_a, without_b), (a_now, b_now) = found.parts, changed.parts
    assert (b_now.chosen, b_now.inner) == (without_b.chosen, without_b.inner)
    assert b_now.outer != without_b.outer
    assert a_now.inner != without_a.inner


def test_a_search_that_does_not_win_on_unseen_patients_says_so(found: SearchResult) -> None:
    wins = replace(found, difference=Estimate(-0.01, -0.02, -0.001))
    assert "errs less" in wins.verdict
    unclear = replace(found, difference=Estimate(-0.01, -0.02, 0.001))
    assert "does not beat the present settings" in str(unclear)


def test_a_study_knows_its_patients_by_the_digest_it_has_had_from_the_first_version_on() -> None:
    visit, drug = VisitRecord(0.0, "0", np.array([1.5])), TreatmentRecord("Drug", "drug", 1.0, None)
    patients = [
        PatientRecord("p", "lung", (visit,), {"age": "61"}, treatments, {"death": (30.0, True)}, "A", "B")
        for treatments in ((), (drug,), (drug, drug))
    ]
    assert digest(patients, seed=7) == "65f4f8851c18fe35cd421693b706a65b536e9882bfe390b3f109c6595ed35784"


def test_a_study_does_not_go_on_with_other_patients(
    found: SearchResult, patients: Sequence[PatientRecord], file: Path
) -> None:
    with pytest.raises(OtherStudy, match="of other patients or another seed"):
        search(QUICK, patients[:-1], file, TRIALS, SEED)


@pytest.mark.parametrize(
    ("model", "said"), [("progresion", "There is no model 'progresion'"), ("progression", "There is no folder")]
)
def test_a_users_mistake_ends_in_one_sentence(
    model: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [model, "--data", str(tmp_path / "nowhere"), "--study", str(tmp_path / "study.log"), "--trials", "1"]
    monkeypatch.setattr(sys, "argv", ["search", *words])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert said in capsys.readouterr().err
