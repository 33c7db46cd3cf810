import json
import re
from pathlib import Path

import pandas as pd
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from models.card import COMMITTED
from stream.settings import Settings
from stream.vocabulary import UNKNOWN_DISEASE
from tests.dashboard.cohort import BRAIN, BREAST, GROWING, IN_THE_SHADOW, LATE, NEW_DISEASE, NO_LONGER, UNTOLD
from tests.dashboard.conftest import Open, read, told_table


def charts(page: AppTest) -> list[dict]:
    """The Vega-Lite specifications on the page."""
    return [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart")]


def tables(page: AppTest) -> list[pd.DataFrame]:
    """What the charts are drawn from."""
    charts_ = page.get("vega_lite_chart")
    return [convert_arrow_bytes_to_pandas_df(table.data.data) for chart in charts_ for table in chart.proto.datasets]


def drawn(page: AppTest) -> str:
    """All words that the charts put on the page or beside the pointer."""
    return "\n".join(str(value) for table in tables(page) for value in table.to_numpy().ravel())


def has_table(page: AppTest, title: str) -> bool:
    """Whether a table in words is on the page."""
    return any(f"<caption>{title}" in each.proto.body for each in page.get("html"))


def with_column(page: AppTest, name: str) -> pd.DataFrame:
    """The longest table of the charts that has the column."""
    return max((table for table in tables(page) if name in table), key=len)


def test_the_page_says_every_current_risk_with_interval_and_change(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=GROWING)
    assert [(metric.label, metric.value, metric.delta) for metric in page.metric] == [
        ("Progression within 3 months", "67 %", "+19 points"),
        ("Progression within 6 months", "83 %", "+14 points"),
        ("Progression within 12 months", "92 %", "+8 points"),
    ]
    assert "90 % interval 76 to 92 % · high is bad" in read(page)


def test_a_falling_chance_of_response_points_down_and_is_called_worse(filled: Settings, open_page: Open) -> None:
    (metric,) = open_page(filled, "patient", patient=BREAST).metric
    assert metric.delta == "\N{MINUS SIGN}5 points"
    assert metric.proto.delta_description == "worse since the scan before"
    assert metric.proto.MetricDirection.Name(metric.proto.direction) == "DOWN"
    assert metric.proto.MetricColor.Name(metric.proto.color) == "ORANGE"


def test_risk_is_a_step_line_and_never_a_slope(filled: Settings, open_page: Open) -> None:
    risk = charts(open_page(filled, "patient", patient=GROWING))[-1]
    marks = [layer["mark"] for layer in risk["layer"] if "mark" in layer]
    lines = [mark for mark in marks if mark["type"] in {"line", "area"}]
    assert [mark["interpolate"] for mark in lines] == ["step-after", "step-after"]


def test_the_limit_of_a_high_forecast_is_said_to_be_the_cards_and_is_drawn(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=GROWING)
    of = {score["measure"]: score for score in scores(COMMITTED / "progression" / "card.json", "within 180 days")}
    limit, caught, right = of["recall"]["threshold"], of["recall"]["lead"][0], of["precision"]["lead"][0]
    assert (
        f"the card of the model counts a forecast of {limit:.0%} or more as high, whoever the patient is. In patients "
        f"left out of training, {caught:.0%} of those with the event had one as high, and of those with one as high "
        f"{right:.0%} had the event."
    ).replace("%", " %") in read(page)
    (risk,) = (chart for chart in charts(page) if any("risk_low" in str(layer) for layer in chart["layer"]))
    rules = [layer for layer in risk["layer"] if layer["mark"]["type"] == "rule" and "y" in layer["encoding"]]
    assert [layer["encoding"]["y"]["field"] for layer in rules] == ["risk"]
    assert limit in {table.risk[0] for table in tables(page) if list(table) == ["risk"]}


def scores(card: Path, place: str) -> list[dict]:
    """What a card says at one place."""
    return [score for score in json.loads(card.read_text())["metrics"]["scores"] if score["place"] == place]


def test_the_sizes_to_come_fan_out_from_the_last_one_by_level(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=GROWING)
    coming = with_column(page, "value_high").sort_values(["level", "at"])
    last = with_column(page, "is_sum").query("is_sum").value.iloc[-1]
    for _, band in coming.groupby("level"):
        assert list(band.iloc[0][["value_low", "value", "value_high"]]) == [last] * 3
        assert (band["at"] - band["at"].iloc[0]).dt.days.tolist() == [0, 42, 63, 84]
    widths = (coming.value_high - coming.value_low).groupby(coming.level).max()
    assert list(widths.index) == [0.5, 0.8, 0.95]
    assert widths.is_monotonic_increasing


def test_the_sizes_to_come_are_told_with_day_interval_and_who_said_it(filled: Settings, open_page: Open) -> None:
    words = read(open_page(filled, "patient", patient=GROWING))
    (told,) = re.findall(r"Sum of diameters after the scan of .*", words)
    assert re.search(r"on \d{4}-\d\d-\d\d \(in 37 days\) 196 mm, 80 % between 157 and 236\.", told)
    assert "(5 days ago) 176 mm" in told
    assert told.endswith("Said by progression, weights d08c7b73.")


def test_no_size_is_shown_that_was_superseded_or_said_by_weights_that_do_not_lead(
    filled: Settings, open_page: Open
) -> None:
    page = open_page(filled, "patient", patient=GROWING)
    for size in (NO_LONGER, IN_THE_SHADOW):
        assert f"{size:.0f}" not in read(page) + drawn(page)


def test_a_risk_is_not_drawn_into_the_days_that_sizes_are_forecast_for(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=GROWING)
    ends = with_column(page, "risk_high")["at"].max(), with_column(page, "lane").end.max()
    assert ends[0] == ends[1] < with_column(page, "value_high")["at"].max() - pd.Timedelta(days=20)


def test_the_best_response_is_told_in_words_where_one_is_forecast(filled: Settings, open_page: Open) -> None:
    words = read(open_page(filled, "patient", patient=GROWING))
    chances = "complete response 1 %, partial response 19 %, stable disease 55 %, progressive disease 25 %"
    assert re.search(
        rf"Best response of the line by RECIST 1\.1 up to the visit after that of [\d-]+: {chances}\.", words
    )
    assert "Best response" not in read(open_page(filled, "patient", patient=BREAST))


def test_the_page_says_which_model_and_weights_said_it(filled: Settings, open_page: Open) -> None:
    assert "Said by progression, weights d08c7b73." in read(open_page(filled, "patient", patient=GROWING))


def test_a_rule_stands_where_other_weights_begin_to_speak(filled: Settings, open_page: Open) -> None:
    words = drawn(open_page(filled, "patient", patient=NEW_DISEASE))
    assert "from here: progression, weights 3b7209c1" in words
    assert "from here" not in drawn(open_page(filled, "patient", patient=GROWING))


def test_what_was_not_measured_is_said_and_not_bridged(filled: Settings, open_page: Open) -> None:
    words = read(open_page(filled, "patient", patient=GROWING))
    assert "Not measured: Mediastinal mass on " in words
    assert "Sum of diameters on " in words


def test_treatments_stand_on_the_page_by_name(filled: Settings, open_page: Open) -> None:
    words = drawn(open_page(filled, "patient", patient=GROWING))
    for name in ("Docetaxel (drug)", "Radiotherapy, left upper lobe (radiation)", "Nivolumab (drug), goes on"):
        assert name in words


def test_all_charts_of_a_patient_show_the_same_dates(filled: Settings, open_page: Open) -> None:
    domains = [
        layer["encoding"]["x"]["scale"]["domain"]
        for chart in charts(open_page(filled, "patient", patient=GROWING))
        for layer in chart["layer"]
        if "x" in layer.get("encoding", {})
    ]
    assert len(domains) > 5
    assert all(domain == domains[0] for domain in domains)


def test_what_a_scan_holds_and_is_not_used_is_shown_on_it(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=BRAIN)
    assert "Received and not used (1)" in [expander.label for expander in page.expander]
    (row,) = told_table(page, "Received and not used").values.tolist()
    assert row[1:] == ["Segmentation", "SCT:12738006", "Brain", "an organ, not a lesion"]


def test_what_is_in_a_box_is_made_while_it_is_open(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=LATE)
    assert has_table(page, "Forecasts; struck through")
    page.session_state["history-box"] = False
    assert not has_table(page.run(), "Forecasts; struck through")


def test_forecasts_that_no_longer_stand_are_kept_with_the_reason(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=LATE)
    assert "Everything ever forecast (21, of which 3 no longer stand)" in [each.label for each in page.expander]
    ended = [row for row in told_table(page, "Forecasts; struck through").values.tolist() if row[5] != "it stands"]
    assert {(row[2], row[6]) for row in ended} == {("33 %", "a scan from an earlier date arrived late")}


def test_without_a_model_the_measurements_stand_and_the_reason_is_said(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=BRAIN)
    words = read(page)
    assert "Nothing is forecast. No model applies" in words
    assert "Volume (ml)" in json.dumps(charts(page)[0])


def test_a_disease_that_nobody_says_is_asked_for(filled: Settings, open_page: Open) -> None:
    words = read(open_page(filled, "patient", patient=UNTOLD))
    assert UNKNOWN_DISEASE in words
    assert UNKNOWN_DISEASE not in read(open_page(filled, "patient", patient=BRAIN))


def test_an_unknown_patient_is_a_clear_answer_and_markup_in_the_address_is_not_drawn(
    filled: Settings, open_page: Open
) -> None:
    page = open_page(filled, "patient", patient="<script>alert(1)</script>")
    words = read(page)
    assert "Patient unknown" in words
    assert "script" not in words


def test_without_a_patient_the_page_asks_for_one(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient")
    assert "Which patient?" in read(page)
    page.text_input(key="pseudonym").set_value(f" {GROWING.lower()} ").run()
    assert page.title[0].value == GROWING
