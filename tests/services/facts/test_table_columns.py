"""What else people keep in their tables stays there: addresses and remarks become no facts, and nobody is named."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.tables.csv_table import UnusableTable
from stream.__main__ import build_app
from stream.errors import WrongUse
from stream.services.accepting.decisions import SignOff
from stream.services.facts.table_columns import READ, check_kept, left_out
from tests.data import shared_data
from tests.services.facts.tables import VISITS, Tables

EXPORT = "patient_id,Name,birth_date,disease,phone,remark\nA,Doe^Jane,1960-02-01,lung,030 1234567,call her son\n"
FREE_CELLS = {
    "an arm": ("clinical", "patient_id,name,arm\nA,Doe^Jane,Arm of Mrs Doe\n", "clinical.csv line 2: arm"),
    "a treatment": (
        "treatments",
        "patient_id,start_date,name\nA,2026-01-12,Drug for JANE\n",
        "treatments.csv line 2: name",
    ),
    "an outcome": ("outcomes", "patient_id,endpoint,event\nA,death of 01.02.1960,1\n", "outcomes.csv line 2: endpoint"),
    "a visit": ("measurements", "patient_id,date,disease,volume\nA,2026-01-12,Doe,3\n", "line 2: disease"),
}


def test_what_nobody_asked_for_is_no_fact_and_is_named(tables: Tables) -> None:
    known = tables.known(clinical=EXPORT, measurements=VISITS)
    assert known.clinical == {"disease": "lung"}
    assert left_out(tables.folder, set()) == ["clinical.csv phone", "clinical.csv remark"]
    assert left_out(tables.folder, {"remark"}) == ["clinical.csv phone"]


def test_a_column_that_is_asked_for_is_a_fact(tables: Tables) -> None:
    tables.write(clinical="patient_id,ECOG\nA,1\n")
    check_kept(tables.folder, {"ecog"})
    assert tables.known(keep={"ecog"}).clinical == {"ecog": "1"}


@pytest.mark.parametrize(("column", "told"), [("ecg", "has no column ecg"), ("name", "name says who a patient is")])
def test_a_column_that_cannot_be_kept_is_refused(tables: Tables, column: str, told: str) -> None:
    with pytest.raises(WrongUse, match=told):
        check_kept(tables.write(clinical=EXPORT), {column})


@pytest.mark.parametrize("case", FREE_CELLS)
def test_words_that_tell_who_the_patient_is_are_refused_with_their_line(tables: Tables, case: str) -> None:
    table, text, told = FREE_CELLS[case]
    clinical = "patient_id,name,birth_date\nA,Doe^Jane,1960-02-01\n"
    with pytest.raises(UnusableTable, match=re.escape(told)) as refused:
        tables.known(**{"clinical": clinical, table: text})
    assert not re.search("doe|jane|1960", str(refused.value).casefold())


@pytest.mark.parametrize("arm", ["Arm of 諸葛さくら", "さくら諸葛", "arm さくら", "サクラ"])
def test_a_name_that_no_blank_parts_from_other_words_is_refused_too(tables: Tables, arm: str) -> None:
    with pytest.raises(UnusableTable, match=r"line 2: arm"):
        tables.known(clinical=f"patient_id,name,arm\nA,諸葛^さくら,{arm}\n")
    assert tables.known(clinical="patient_id,name,arm\nA,林^一,第一群\n").clinical == {"arm": "第一群"}


def test_a_word_of_a_fixed_list_may_be_a_name_by_chance(tables: Tables) -> None:
    clinical = "patient_id,name,race,arm\nA,White^Ann,White,A\n"
    assert tables.known(clinical=clinical).clinical == {"race": "White", "arm": "A"}


def test_the_command_says_what_it_did_not_read(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {"patients": 1, "set_aside": 0, "starts_alone": 0}
    monkeypatch.setattr("stream.wiring.importing.import_folder", lambda *_: counts)
    monkeypatch.setattr("stream.commands.importing.signed", lambda *_, **__: SignOff("anna", None))
    folder = str(tables.write(clinical=EXPORT))
    said = CliRunner().invoke(build_app(), ["import", folder])
    assert "Not read: clinical.csv phone, clinical.csv remark." in said.output
    told = CliRunner().invoke(build_app(), ["import", folder, "--keep", "Remark", "--json"])
    assert json.loads(told.output) == counts | {"left_out": ["clinical.csv phone"]}


@pytest.mark.parametrize("trial", ["ispy2", "immunotherapy"])
def test_of_real_trials_all_clinical_facts_are_read(trial: str) -> None:
    unread = left_out(shared_data() / trial, set())
    assert unread == (["measurements.csv visit"] if trial == "ispy2" else [])


def test_what_is_read_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "interfaces.md").read_text()
    section = page[page.index("## 6. Tables") :]
    synonyms = {"mrn", "longest_diameter", "short_axis", "volume", "volume_cm3", "functional_tumor_volume_cm3"}
    synonyms |= {"background_parenchymal_enhancement", "sum_of_diameters", "lesion", "lesion_label", "raw_text"}
    named = set(re.findall(r"`(\w+)`", section))
    assert not set().union(*READ.values()) - synonyms - named
