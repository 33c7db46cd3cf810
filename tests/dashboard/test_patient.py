import json

from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from stream.settings import Settings
from tests.dashboard.cohort import BRAIN, BREAST, GROWING, LATE, NEW_DISEASE
from tests.dashboard.conftest import Open, read


def charts(page: AppTest) -> list[dict]:
    """The Vega-Lite specifications on the page."""
    return [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart")]


def drawn(page: AppTest) -> str:
    """All words that the charts put on the page or beside the pointer."""
    tables = [
        convert_arrow_bytes_to_pandas_df(table.data.data)
        for chart in page.get("vega_lite_chart")
        for table in chart.proto.datasets
    ]
    return "\n".join(str(value) for table in tables for value in table.to_numpy().ravel())


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
    risk = charts(open_page(filled, "patient", patient=GROWING))[1]
    marks = [layer["mark"] for layer in risk["layer"] if "mark" in layer]
    lines = [mark for mark in marks if mark["type"] in {"line", "area"}]
    assert [mark["interpolate"] for mark in lines] == ["step-after", "step-after"]


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


def test_forecasts_that_no_longer_stand_are_kept_with_the_reason(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=LATE)
    assert "Forecasts that no longer stand (3)" in [expander.label for expander in page.expander]
    table = page.dataframe[0].value
    assert set(table["Because"]) == {"a scan from an earlier date arrived late"}
    assert set(table["Risk"]) == {"33 %"}


def test_without_a_model_the_measurements_stand_and_the_reason_is_said(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=BRAIN)
    words = read(page)
    assert "There is no forecast for this patient." in words
    assert "No model applies" in words
    assert "Volume (ml)" in json.dumps(charts(page)[0])


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
