"""What a patient's page, its files and its page for the tumour board say, of patients as the service folds them."""

import csv
import io
import itertools
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pypdf import PdfReader

from dashboard.html_table import html_table
from dashboard.patient import charts, risks, sizes, story, tables, therapy
from dashboard.patient.board_page import board_page
from dashboard.patient.verdicts import signed, written
from dashboard.patient_chart import DIAMETERS
from stream.settings import Settings
from stream.vocabulary import UNKNOWN_DISEASE
from tests.dashboard.cohort import GROWING, MARKUP
from tests.dashboard.conftest import Open, read
from tests.dashboard.drawn import checked, of_mark, values
from tests.dashboard.scans import pseudonym
from tests.dashboard.stories import (
    DIED,
    FORMULA,
    LASTING,
    NEW_LESION,
    NOT_EVALUATED,
    OLD,
    ONE_SCAN,
    OVERDUE,
    PROGRESSED,
    SECOND_LINE,
    UNTOLD,
    WORSE,
    ago,
    case,
)

KIND = ("progression", "days", 180)


def day(days_ago: float) -> str:
    return written(ago(days_ago).date())


def test_progression_is_told_with_its_arithmetic_against_the_nadir(told: Settings) -> None:
    response, question, _ = story.summary(case(told, PROGRESSED))
    assert response.startswith(
        f"Progressive disease by RECIST 1.1 at the visit of {day(30)} (line 1): "
        f"sum of targets +30 % and 15 mm over the nadir of {day(110)}. The best response of this line was partial"
    )
    assert question == f"Progression was observed on {day(30)}: nothing more is forecast of it in line 1."


def test_a_baseline_long_before_treatment_is_told(told: Settings) -> None:
    assert f"The baseline of {day(100)} was 40 days before treatment began" in story.missing(case(told, OLD))
    assert "before treatment began" not in story.missing(case(told, PROGRESSED))


def test_of_a_patient_who_has_progressed_no_section_gives_a_chance_of_anything_else(
    told: Settings, open_page: Open
) -> None:
    page = open_page(told, "patient", patient=PROGRESSED)
    words = read(page)
    assert not page.metric
    assert "progressive disease 0 %" not in words
    assert "Best response of the line" not in words
    assert words.count("nothing more is forecast of it in line 1") == 2


def test_a_risk_that_is_told_has_interval_scan_and_until_when(told: Settings) -> None:
    of_second = case(told, SECOND_LINE)
    told_risk = story.question(of_second)
    ends = written((ago(40) + pd.Timedelta(days=180)).date())
    assert re.fullmatch(
        rf"Progression within 6 months: \d+ % \(90 % interval \d+ to \d+ %\), counted from the scan of {day(40)}, "
        rf"until {ends}\. From today until then, as nothing has been reported since: \d+ % \(\d+ to \d+ %\)\.",
        told_risk,
    )


def test_a_new_lesion_is_named_before_the_sum_that_did_not_decide(told: Settings) -> None:
    response = story.response(case(told, NEW_LESION))
    assert "(line 1): 1 new lesion: Liver; sum of targets +3 % and 1 mm over the baseline" in response


def test_what_was_not_evaluated_is_named_and_the_forecast_before_stands(told: Settings) -> None:
    response, _, missing = story.summary(case(told, NOT_EVALUATED))
    assert response.startswith(f"Not evaluable by RECIST 1.1 at the visit of {day(5)} (line 1): Right lung was not")
    assert f"The visit of {day(5)} has no forecast: the one before it stands." in missing


def test_one_scan_is_a_baseline_and_no_response(told: Settings) -> None:
    response, question, missing = story.summary(case(told, ONE_SCAN))
    assert response == (
        f"The visit of {day(10)} is the baseline of line 1: the sum of its targets is 33 mm. "
        "There is no visit after it yet, so there is no response."
    )
    assert question.startswith("Progression within 6 months")
    assert missing == f"The next visit is usual about {day(10 - 49)}."


def test_an_overdue_visit_is_counted_in_days_and_its_forecast_is_stale(told: Settings) -> None:
    late = case(told, OVERDUE)
    assert story.missing(late) == (
        f"The next visit was usual on {day(300)} and is overdue by 300 days, and what was forecast is stale."
    )
    assert late.current.stale.all()


def test_who_has_progressed_is_not_overdue_here_as_little_as_on_the_worklist(told: Settings) -> None:
    later = replace(case(told, PROGRESSED), now=pd.Timestamp(ago(-400)))
    assert story.missing(later) == f"No visit has come since: the next one was usual on {day(-50)}."


def test_a_response_that_lasts_says_since_when_a_visit_without_an_answer_between(told: Settings) -> None:
    response = story.response(case(told, LASTING))
    assert response.startswith(f"Partial response by RECIST 1.1 at the visit of {day(10)}")
    assert response.endswith(f"The response began at the visit of {day(150)}.")
    assert "began" not in story.response(case(told, LASTING, ago(145).date())), "it is that visit itself"
    assert "began" not in story.response(case(told, PROGRESSED)), "it has ended"


def test_a_death_is_told_first_and_nothing_is_expected_or_goes_on_after_it(told: Settings) -> None:
    of = case(told, DIED)
    response, _, missing = story.summary(of)
    assert response.startswith(f"The patient died on {day(20)}. Progressive disease by RECIST 1.1")
    assert missing == "Nothing is missing."
    assert not sizes.are_forecast(of) and of.chart.coming(DIAMETERS).empty
    ends = therapy.table(therapy.spans(of)).To.tolist()
    assert ends == [f"{ago(20):%Y-%m-%d}"] * 2, "neither the line nor the drug goes on"


def test_a_scan_after_the_death_is_told_as_the_contradiction_it_is(told: Settings) -> None:
    early = replace(case(told, DIED), died_at=pd.Timestamp(ago(120)))
    assert story.response(early).startswith(
        f"The patient died on {day(120)}. Scans of {day(110)} and {day(50)} came after that: the day of death is wrong"
    )
    same_day = replace(early, died_at=pd.Timestamp(ago(50)))
    assert "came after" not in story.response(same_day)


def test_no_risk_is_drawn_of_a_scan_after_the_event_that_was_entered_later(told: Settings) -> None:
    open_still = case(told, LASTING)
    drawn = list(risks.forecasts(open_still).acquired_at.drop_duplicates())
    of_progression = open_still.questions.endpoint == "progression"
    known = open_still.questions.copy()
    known.loc[of_progression, ["status", "since"]] = ["known", pd.Timestamp(ago(120))]
    assert drawn[-1] > ago(120) > drawn[0]
    left = risks.forecasts(replace(open_still, questions=known))
    assert list(left.acquired_at.drop_duplicates()) == [at for at in drawn if at < ago(120)]


def test_of_an_unknown_disease_the_summary_says_what_to_do(told: Settings) -> None:
    assert story.question(case(told, UNTOLD)) == UNKNOWN_DISEASE


def test_scans_that_do_not_count_yet_are_told_apart_from_those_set_aside(filled: Settings) -> None:
    assert story.missing(case(filled, pseudonym(35))) == (
        "1 scan is not counted yet: complete, being measured. "
        "1 scan is not counted, set aside (could not be measured): see Pipeline. "
        "Set aside: 1 file from PACS (geometry contradicts its reference). See Pipeline."
    )


def test_a_forecast_of_a_scan_that_may_be_completed_is_provisional(filled: Settings) -> None:
    assert "The latest scan is provisional" in story.missing(case(filled, pseudonym(3)))


def test_limits_are_those_that_the_next_visit_is_judged_by(told: Settings) -> None:
    limits = sizes.limits(case(told, PROGRESSED))
    drawn = [(limit, value) for limit, value in zip(limits.limit, limits.value, strict=True)]
    assert drawn == [
        ("baseline", 100.0),
        ("response", 70.0),
        ("progression", 120.0),
        ("progression", 60.0),
        ("progression", 60.0),
    ]
    assert limits.end.isna().tolist() == [True, True, False, False, True]


def test_the_limits_of_the_next_visit_are_named_beside_the_days_where_nothing_else_is_drawn(told: Settings) -> None:
    of = case(told, PROGRESSED)
    limits, span = sizes.limits(of), of.chart.span
    chart = charts.sums(sizes.sums(of), limits, charts.NOTHING_COMING, "Sums", span)
    above, below = (layer for layer in of_mark(chart, "text") if layer["mark"].get("dx", 0) > 0)
    filters = [layer["transform"][0]["filter"] for layer in (above, below)]
    rows = [row for of in filters for row in values(chart, above) if of == f"datum.limit == '{row['limit']}'"]
    assert [(row["label"], row["value"]) for row in rows] == [("PR", 70.0), ("PD", 60.0)]
    assert {row["end"] for row in rows} == {span.last}
    assert below["mark"]["dy"] >= above["mark"]["dy"]
    assert sizes.judged_by(limits) == " The next visit is judged by: baseline 100, PR to 70, PD from 60 (mm)."


def test_a_second_line_is_judged_against_its_own_baseline_and_each_line_is_drawn_apart(told: Settings) -> None:
    second = case(told, SECOND_LINE)
    sums = sizes.sums(second)
    assert list(zip(sums.line, sums.value, sums.category, strict=True)) == [
        (1, 40.0, "baseline"),
        (1, 60.0, "PD"),
        (2, 60.0, "baseline"),
        (2, 50.0, "SD"),
        (2, 38.0, "PR"),
    ]
    assert list(therapy.spans(second).label) == [
        "Line 1 of therapy",
        "Line 2 of therapy, goes on",
        "Docetaxel (drug), goes on",
        "Nivolumab (drug), goes on",
    ]


def test_a_risk_holds_until_progression_and_starts_anew_with_the_next_line(told: Settings) -> None:
    second = case(told, SECOND_LINE)
    steps = risks.steps(second, risks.forecasts(second), KIND)
    assert list(steps.line) == [1, 2, 2, 2]
    first = steps.iloc[0]
    assert (first["at"].date(), first.until.date()) == (ago(300).date(), ago(220).date())
    assert steps.until[1:].isna().all()
    assert list(risks.events(second, KIND, steps).label) == ["progression observed (line 1)"]
    chart = charts.risk(steps, second.chart.scans, risks.events(second, KIND, steps), None, "Risk", second.chart.span)
    marks = [layer.get("mark", {}) for layer in checked(chart)["layer"]]
    lines = [mark for mark in marks if mark.get("type") in ("line", "area")]
    assert [mark["interpolate"] for mark in lines] == ["step-after", "step-after"]


def test_a_lesion_says_its_size_its_change_and_its_part_in_each_line(told: Settings) -> None:
    table = sizes.lesion_table(case(told, NEW_LESION))
    rows = {row["Lesion"]: row for row in table.to_dict("records")}
    first, second = (f"{ago(days).date()}" for days in (120, 20))
    assert (rows["Left lung"][first], rows["Left lung"][second]) == ("30 mm", "31 mm (+3 %)")
    assert (rows["Liver"]["Counts as"], rows["Liver"][first], rows["Liver"][second]) == ("new", "", "12 mm")
    missed = sizes.lesion_table(case(told, NOT_EVALUATED)).set_index("Lesion")
    assert missed.loc["Right lung", f"{ago(5).date()}"] == "not evaluated"


def test_the_lesion_that_progressed_without_a_size_says_so(told: Settings) -> None:
    table = sizes.lesion_table(case(told, WORSE)).set_index("Lesion")
    assert table.loc["Bone", f"{ago(90).date()}"] == "present"
    assert table.loc["Bone", f"{ago(20).date()}"] == "present, unequivocal progression"


@pytest.mark.parametrize(
    ("percent", "words"), [(20.0, "+20"), (19.96, "+19.9"), (-30.0, "\N{MINUS SIGN}30"), (-29.97, "\N{MINUS SIGN}29.9")]
)
def test_a_change_beside_a_limit_is_not_rounded_onto_it(percent: float, words: str) -> None:
    assert signed(percent) == words


def test_as_of_a_day_the_page_shows_what_was_known_then_and_says_so(told: Settings, open_page: Open) -> None:
    yesterday = ago(1).date()
    page = open_page(told, "patient", patient=PROGRESSED, as_of=yesterday.isoformat())
    assert f"By the end of {written(yesterday)} nothing had arrived" in read(page)
    page.button(key="today").click().run()
    assert "Progressive disease" in read(page)
    assert not case(told, PROGRESSED, ago(0).date()).past


def test_as_of_a_day_only_what_was_folded_and_said_by_then_is_there(filled: Settings, open_page: Open) -> None:
    day_ = ago(100).date()
    page = open_page(filled, "patient", patient=GROWING, as_of=day_.isoformat())
    assert f"This is what was known at the end of {written(day_)}" in page.warning[0].value
    then, now = case(filled, GROWING, day_), case(filled, GROWING)
    assert 0 < len(then.chart.scans) < len(now.chart.scans)
    assert then.current.acquired_at.max() < now.current.acquired_at.min()
    assert then.history.computed_at.max().date() <= day_


def test_the_page_for_the_tumour_board_is_one_page_with_the_sentences_of_the_screen(told: Settings) -> None:
    of_second = case(told, SECOND_LINE)
    document = PdfReader(io.BytesIO(board_page(of_second)))
    (page,) = document.pages
    words = " ".join(page.extract_text().split())
    for sentence in story.summary(of_second):
        assert " ".join(sentence.split()) in words
    for said in ("Research use only.", SECOND_LINE, "Nivolumab (drug)", "Forecasts by progression, weights"):
        assert said in words


def test_a_page_for_the_board_shows_foreign_text_as_text(told: Settings) -> None:
    words = "".join(PdfReader(io.BytesIO(board_page(case(told, FORMULA)))).pages[0].extract_text().split())
    assert "".join(MARKUP.split()) in words


def test_no_cell_of_a_file_starts_a_formula(told: Settings) -> None:
    with zipfile.ZipFile(io.BytesIO(tables.zipped(case(told, FORMULA)))) as files:
        rows = [row for name in files.namelist() for row in csv.reader(io.StringIO(files.read(name).decode()))]
    cells = [cell for row in rows for cell in row]
    assert "'=1+2" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "@", "\t"))]
    assert not [cell for cell in cells if re.match(r"[+-](?![\d.])", cell)]


def test_what_came_from_outside_is_text_in_a_table() -> None:
    table = html_table(pd.DataFrame({"Name": [MARKUP]}), MARKUP, [True])
    assert "<script" not in table
    assert "&lt;script&gt;" in table
    assert "<s>" in table


def test_a_number_stays_with_its_interval_and_thousands_have_a_mark() -> None:
    figures = pd.DataFrame({"Visits": [3150], "Lead": ["0.61 (0.52, 0.70)"], "Held": ["58 % (37 to 77 %)"]})
    table = html_table(figures, "Figures")
    assert re.findall(r"<t[hd](?: scope=\"row\")? data-name=\"\w+\">(.*?)</t[hd]>", table) == [
        "3,150",
        *(told.replace(" ", "\N{NO-BREAK SPACE}") for told in ("0.61 (0.52, 0.70)", "58 % (37 to 77 %)")),
    ]


def test_export_writes_the_files_and_says_which(told: Settings, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "stream", "export", PROGRESSED, "--to", str(tmp_path)]
    ended = subprocess.run(words, env=told.environment(), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    named = {Path(line).name for line in ended.stdout.splitlines()}
    assert named == {path.name for path in tmp_path.iterdir()}
    assert {f"{PROGRESSED}.pdf", f"{PROGRESSED}-response.csv", f"{PROGRESSED}-lesion.csv"} <= named


def test_verdicts_that_would_touch_are_left_out_but_not_what_changed_last() -> None:
    days = [pd.Timestamp("2020-01-01") + pd.Timedelta(days=30 * number) for number in range(200)]
    labels = ["baseline", *["SD"] * 120, *["PR"] * 78, "PD"]
    kept = [(at, label) for at, label in zip(days, sizes.apart(labels, days), strict=True) if label]
    room = (days[-1] - days[0]) / sizes.LABELS_ACROSS
    assert all(after - before >= room for (before, _), (after, _) in itertools.pairwise(kept[1:]))
    assert {(days[0], "baseline"), (days[121], "PR"), (days[-1], "PD")} <= set(kept)
    assert sizes.apart(labels[:4], days[:4]) == labels[:4], "where there is room all are written"
