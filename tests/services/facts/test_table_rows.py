"""What tables say of a patient, row by row: on the right day, under the right name; what cannot be is set aside."""

import datetime as dt

import pytest

from models.tables.csv_table import UnusableTable
from tests.services.facts.tables import BERLIN, CLINICAL, NAMES, TREATMENT, VISITS, Tables


def test_a_day_counts_from_the_baseline_date_and_a_treatment_by_day_stands_at_its_end(tables: Tables) -> None:
    known = tables.known(clinical=CLINICAL, measurements=VISITS, treatments=TREATMENT)
    days = [dt.datetime(2026, *day, tzinfo=BERLIN) for day in ((1, 10), (2, 21), (4, 10))]
    assert [visit.acquired_at for visit in known.visits] == days
    (treatment,) = known.treatments
    assert treatment.start_at == dt.datetime(2026, 1, 12, tzinfo=BERLIN)
    assert treatment.at == dt.datetime(2026, 1, 12, 23, 59, 59, 999999, tzinfo=BERLIN)


def test_without_a_baseline_date_days_count_from_the_start_of_treatment(tables: Tables) -> None:
    known = tables.known(clinical="treatment_start,patient_id\n2026-02-01,A\n", measurements=VISITS)
    assert known.visits[0].acquired_at.date() == dt.date(2026, 2, 1)


def test_a_visit_is_a_scan_named_by_patient_and_date(tables: Tables) -> None:
    known = tables.known(measurements="date,longest_diameter,patient_id\n2026-03-01,12,A\n")
    assert known.patient_id == NAMES.patient_id("NORTH", "A")
    assert known.visits[0].scan_uid == NAMES.import_uid(known.patient_id, dt.date(2026, 3, 1))


@pytest.mark.parametrize(("day", "reason"), [(",30", "no_date"), ("2031-01-01,", "impossible_date"), (",", "no_date")])
def test_a_visit_that_cannot_be_placed_is_set_aside_and_the_rest_goes_on(tables: Tables, day: str, reason: str) -> None:
    known = tables.known(measurements=f"patient_id,date,day,volume\nA,{day},1\nA,2026-02-02,,3\n")
    assert [aside.reason_code for aside in known.asides] == [reason]
    assert known.patient_id in known.asides[0].reason
    assert len(known.visits) == 1


def test_rows_of_one_day_are_one_visit_and_each_lesion_keeps_its_name_as_in_a_report(tables: Tables) -> None:
    known = tables.known(
        measurements="patient_id,date,lesion,body_site,longest_diameter_mm\n"
        "A,2026-03-01,Target 1,Lung,20\nA,2026-03-01,Target 2,Lung,10\n"
    )
    found = {one.lesion_label: one.lesion_uid for one in known.visits[0].measured.measurements}
    assert found == {
        label: NAMES.lesion_uid_without_tracking(known.patient_id, label) for label in ("Target 1", "Target 2")
    }
    assert known.visits[0].disease == "lung"


def test_the_lesion_of_a_tracking_uid_is_the_one_that_reports_speak_of(tables: Tables) -> None:
    known = tables.known(measurements="patient_id,date,lesion_uid,volume\nA,2026-03-01,1.2.3.4.5,20\n")
    (found,) = known.visits[0].measured.measurements
    assert found.lesion_uid == NAMES.lesion_uid("1.2.3.4.5")
    assert "1.2.3.4.5" not in found.lesion_label


def test_a_label_that_names_the_patient_stays_outside(tables: Tables) -> None:
    known = tables.known(measurements="patient_id,date,lesion,volume\nMRN-77,2026-03-01,mrn-77 left,20\n")
    (found,) = known.visits[0].measured.measurements
    assert found.lesion_label == f"lesion-{found.lesion_uid[-6:]}"


def test_a_label_that_holds_the_patients_name_in_any_writing_stays_outside(tables: Tables) -> None:
    known = tables.known(
        clinical="patient_id,name\nA,Müller^Jane\n",
        measurements="patient_id,date,lesion,body_site,volume\nA,2026-03-01,J. MUELLER left,Lung,20\n",
    )
    (found,) = known.visits[0].measured.measurements
    assert (found.lesion_label, found.body_site) == (f"lesion-{found.lesion_uid[-6:]}", "lung")


def test_who_a_patient_is_goes_to_the_vault_and_not_among_the_facts(tables: Tables) -> None:
    known = tables.known(clinical="patient_id,name,birth_date,hr\nA,Doe^Jane,1950-05-23,1\n")
    assert (known.name, known.birth_date) == ("Doe^Jane", dt.date(1950, 5, 23))
    assert known.clinical == {"hr": "1"}


def test_the_trial_tells_the_disease_where_the_patient_does_not(tables: Tables) -> None:
    known = tables.known(measurements="trial,patient_id,date,longest_diameter_mm\nIMvigor210,A,2026-01-01,30\n")
    assert known.visits[0].disease == "bladder"


def test_trial_and_arm_are_facts_whichever_table_names_them(tables: Tables) -> None:
    measurements = "patient_id,date,trial,arm,longest_diameter_mm\nA,2026-01-10,POPLAR,Two,40\n"
    assert tables.known(measurements=measurements).clinical == {"trial": "POPLAR", "arm": "Two"}
    clinical = "patient_id,arm,age\nA,One,61\n"
    known = tables.known(measurements=measurements, clinical=clinical)
    assert known.clinical == {"trial": "POPLAR", "arm": "One", "age": "61"}


def test_outcomes_come_by_endpoint_or_as_told_at_surgery(tables: Tables) -> None:
    by_endpoint = tables.known(clinical=CLINICAL, outcomes="patient_id,endpoint,day,event\nA,Progression,30,1\n")
    assert [(one.endpoint, one.at.date(), one.event) for one in by_endpoint.outcomes] == [
        ("progression", dt.date(2026, 2, 9), True)
    ]
    at_surgery = tables.known(outcomes="patient_id,surgery_date,pcr\nA,2026-05-01,0\n")
    assert [(one.endpoint, one.event) for one in at_surgery.outcomes] == [("pcr", False)]


BAD = {
    "a size below zero": ({"measurements": "patient_id,date,volume\nA,2026-01-01,-2\n"}, "measurements.csv line 2"),
    "a wrong date": ({"treatments": "patient_id,start_date,name\nA,soon,X\n"}, "line 2: 'soon' in start_date"),
    "an end before the start": (
        {"treatments": "patient_id,start_date,end_date,name\nA,2026-02-01,2026-01-01,X\n"},
        "treatments.csv line 2: end_date",
    ),
    "no column for the day": ({"treatments": "patient_id,name\nA,X\n"}, "has no column start_date or start_day"),
    "no patients": ({"clinical": "id,age\nA,4\n"}, "clinical.csv has no column patient_id"),
    "a day beyond the calendar": (
        {"clinical": CLINICAL, "measurements": "patient_id,day,volume\nA,9e9,1\n"},
        "measurements.csv line 2",
    ),
    "an event that is neither": ({"outcomes": "patient_id,endpoint,event\nA,death,maybe\n"}, "in event"),
    "no table at all": ({}, "holds none of"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_table_that_cannot_be_used_is_named_with_its_line(tables: Tables, case: str) -> None:
    written, told = BAD[case]
    with pytest.raises(UnusableTable, match=told.replace(".", r"\.")) as refused:
        tables.known(**written)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("start", ["2031-01-01", "1950-06-30", "1899-12-31", "1900-01-01"])
def test_a_treatment_in_the_future_or_before_the_birth_is_set_aside(tables: Tables, start: str) -> None:
    treatments = f"patient_id,start_date,name,kind\nA,{start},Pembrolizumab,drug\nA,2026-01-12,Docetaxel,drug\n"
    known = tables.known(clinical="patient_id,birth_date\nA,1950-07-01\n", treatments=treatments)
    assert [treatment.name for treatment in known.treatments] == ["Docetaxel"]
    assert [(aside.reason_code, start in aside.reason) for aside in known.asides] == [("impossible_date", True)]


@pytest.mark.parametrize(
    ("baseline", "told"),
    [("2026-02-01", "on day 30000 is 2108-03-23, which lies in the future."), ("1890-02-01", "not after 1900-01-01")],
)
def test_a_day_that_cannot_be_is_told_with_its_date_and_why(tables: Tables, baseline: str, told: str) -> None:
    known = tables.known(
        clinical=f"patient_id,baseline_date\nA,{baseline}\n",
        measurements=f"patient_id,day,volume\nA,{30000 if '2026' in baseline else 3},1\n",
    )
    assert told in known.asides[0].reason


def test_an_outcome_of_a_day_that_nobody_has_seen_is_set_aside(tables: Tables) -> None:
    known = tables.known(outcomes="patient_id,endpoint,date,event\nA,death,2031-01-01,1\nA,progression,2026-03-01,1\n")
    assert [outcome.endpoint for outcome in known.outcomes] == ["progression"]
    assert [aside.reason_code for aside in known.asides] == ["impossible_date"]


def test_what_was_entered_by_mistake_is_taken_back_by_a_column_that_says_so(tables: Tables) -> None:
    known = tables.known(
        treatments="patient_id,start_date,name,kind,withdrawn\nA,2026-02-12,Docetaxel,drug,1\nA,2026-01-12,Docetaxel,drug,\n",
        outcomes="patient_id,endpoint,date,event,withdrawn\nA,death,2026-03-01,,1\n",
    )
    assert [(treatment.start_at.month, treatment.withdrawn) for treatment in known.treatments] == [
        (2, True),
        (1, False),
    ]
    assert [(outcome.endpoint, outcome.event, outcome.withdrawn) for outcome in known.outcomes] == [
        ("death", False, True)
    ]
