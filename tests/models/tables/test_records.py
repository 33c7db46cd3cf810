from pathlib import Path

import numpy as np
import pytest

from models.features import FEATURE_NAMES
from models.tables.csv_table import UnusableTable
from models.tables.records import PatientRecord, load_records
from tests.data import shared_data


def folder_with(path: Path, **tables: str) -> Path:
    for name, text in tables.items():
        (path / f"{name}.csv").write_text("\n".join(line.strip() for line in text.strip().splitlines()) + "\n")
    return path


def feature(timeline: PatientRecord, name: str) -> list[float]:
    return [float(visit.x[FEATURE_NAMES.index(name)]) for visit in timeline.visits]


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = folder_with(tmp_path / "a", measurements="patient_id,day,longest_diameter_mm\np,0,10\np,40,12")
    other = folder_with(
        tmp_path / "b", measurements="note,longest_diameter,DAY,patient_id,volume\nx,12,40,p,\n,10,0,p,3"
    )
    [first], [second] = load_records(one), load_records(other)
    assert feature(first, "longest_diameter") == feature(second, "longest_diameter") == [10, 12]
    assert feature(second, "volume")[0] == 3
    assert np.isnan(feature(second, "volume")[1])


def test_too_small_counts_five_millimetres_and_not_evaluable_is_missing(tmp_path: Path) -> None:
    table = """trial,patient_id,day,longest_diameter_mm,raw_text
        IMvigor210,p,0,12,
        IMvigor210,p,40,,TOO SMALL TO MEASURE
        IMvigor210,p,80,,NOT EVALUABLE
        IMvigor210,p,,30,"""
    [timeline] = load_records(folder_with(tmp_path, measurements=table))
    assert feature(timeline, "longest_diameter")[:2] == [12, 5]
    assert np.isnan(feature(timeline, "longest_diameter")[2])
    assert len(timeline.visits) == 3  # a row without a day cannot be placed
    assert timeline.disease == "bladder"


def test_lesions_of_one_day_are_one_visit(tmp_path: Path) -> None:
    table = """patient_id,day,lesion_uid,longest_diameter,short_axis,node
        p,0,a,30,,0
        p,0,b,20,,0
        p,0,n,,16,1"""
    [timeline] = load_records(folder_with(tmp_path, measurements=table))
    assert feature(timeline, "sum_of_diameters") == [66]


def test_how_a_lesion_looks_is_read_beside_its_size_once_for_a_visit(tmp_path: Path) -> None:
    table = """patient_id,day,lesion,longest_diameter_mm,texture_contrast,relative_attenuation
        p,0,a,30,,
        p,0,b,20,41.5,1.03
        p,42,a,28,,"""
    [timeline] = load_records(folder_with(tmp_path, measurements=table))
    assert feature(timeline, "texture_contrast") == pytest.approx([41.5, np.nan], nan_ok=True)
    assert feature(timeline, "relative_attenuation") == pytest.approx([1.03, np.nan], nan_ok=True)
    assert feature(timeline, "sum_of_diameters") == [50, 28]


def test_dates_count_from_the_baseline_of_the_clinical_table(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path,
        measurements="patient_id,date,volume\np,2024-02-10,3\np,2024-01-31,4",
        clinical="patient_id,baseline_date,age,hr\np,2024-02-01,50,",
        outcomes="patient_id,surgery_date,pcr\np,2024-06-01,1",
    )
    [timeline] = load_records(folder, disease="breast")
    assert [visit.day for visit in timeline.visits] == [-1, 9]
    assert [visit.label for visit in timeline.visits] == ["2024-01-31", "2024-02-10"]
    assert timeline.clinical == {"baseline_date": "2024-02-01", "age": "50"}
    assert timeline.outcomes == {"pcr": (121.0, True)}
    assert timeline.disease == "breast"


def test_a_treatment_is_seen_from_its_start_and_its_end_from_that_day_on(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path,
        measurements="patient_id,day,volume\np,0,3\np,40,3\np,80,3",
        treatments="patient_id,start_day,end_day,name,kind\np,10,60,Drug,systemic",
    )
    [timeline] = load_records(folder)
    seen = [timepoint.treatments for timepoint in timeline.timepoints()]
    assert seen[0] == ()
    assert [(t.days_since_start, t.days_since_end) for t in seen[1]] == [(30, None)]
    assert [(t.days_since_start, t.days_since_end) for t in seen[2]] == [(70, 20)]
    assert [timepoint.elapsed_days for timepoint in timeline.timepoints()] == [0, 40, 40]


def test_what_was_entered_by_mistake_is_no_treatment_and_no_outcome(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path,
        measurements="patient_id,day,volume\np,0,1\n",
        treatments="patient_id,start_day,name,withdrawn\np,5,Docetaxel,1\np,9,Docetaxel,\n",
        outcomes="patient_id,endpoint,day,event,withdrawn\np,death,40,1,yes\n",
    )
    (record,) = load_records(folder)
    assert [treatment.start_day for treatment in record.treatments] == [9]
    assert record.outcomes == {}


WRONG = {
    "no measurements.csv": ({}, "measurements.csv is missing"),
    "no patient column": ({"measurements": "day,volume\n0,1"}, "no column patient_id"),
    "no day": ({"measurements": "patient_id,volume\np,1"}, "no column day or date"),
    "nothing measured": ({"measurements": "patient_id,day\np,1"}, "no column with a measurement"),
    "no rows": ({"measurements": "patient_id,day,volume"}, "has no rows"),
    "negative size": ({"measurements": "patient_id,day,volume\np,0,1\np,1,-3"}, "line 3: '-3' is no possible value"),
    "infinite size": ({"measurements": "patient_id,day,volume\np,0,inf"}, "line 2: 'inf' is no possible value"),
    "words for a number": ({"measurements": "patient_id,day,volume\np,0,big"}, "'big' is no possible value"),
    "wrong date": ({"measurements": "patient_id,date,volume\np,3rd of May,1"}, "is no date"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_unusable_table_is_named_with_its_line(case: str, tmp_path: Path) -> None:
    tables, said = WRONG[case]
    with pytest.raises(UnusableTable, match=said):
        load_records(folder_with(tmp_path, **tables))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableTable, match="There is no folder"):
        load_records(tmp_path / "nowhere")


def test_the_real_tables_load_whole() -> None:
    ispy2 = load_records(shared_data() / "ispy2", disease="breast")
    assert len(ispy2) == 384
    assert sum(timeline.outcomes["pcr"][1] for timeline in ispy2) == 113
    assert all([visit.day for visit in timeline.visits] == [0, 21, 84, 154] for timeline in ispy2)
    lungs = load_records(shared_data() / "immunotherapy")
    assert len(lungs) == 771
    assert {timeline.disease for timeline in lungs} == {"lung", "bladder"}
