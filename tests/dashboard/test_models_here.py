"""The page of models on patients of this service: what is counted, what is too few, and what the views say."""

from collections.abc import Sequence
from pathlib import Path

from models.measurement import Measurement
from models.serving.forecaster import Forecaster, load_forecaster
from stream.measured_scan import MeasuredScan
from stream.services import leading
from stream.services.facts.clinical import ImportedVisit
from stream.services.folding.reconcile import Reconciler
from stream.settings import Settings
from tests.dashboard.conftest import Open, opened, read, told_table
from tests.database import Database
from tests.other_weights import other_weights
from tests.services.accepted_facts import accept, day, drug, fold_each, forecasters, lung

PATIENTS = {f"P{number:02}": 20.0 + number for number in range(24)}


def followed(database: Database, others: Sequence[Forecaster] = ()) -> None:
    """Patients with three scans, each folded before the next one comes; of the last of them half have progressed.

    `others` lead for the last scan, and no longer after it.
    """
    connection = database.connect()
    reconciler = Reconciler(connection, [*forecasters(), *others])
    for name, on_day, factor in (("a", 0, 1.0), ("b", 60, 1.05), ("c", 120, 2.0)):
        for other in others if name == "c" else ():
            leading.promote(connection, other.weights_version, "Ada", None)
        grown = {who: size * (factor if who >= "P12" else 1.0) for who, size in PATIENTS.items()}
        accept(connection, *(lung(who, name, on_day, size) for who, size in grown.items()))
        reconciler.timelines(list(PATIENTS))
    for _ in others:
        leading.rollback(connection, None, "Ada", None)


def test_forecasts_made_before_are_judged_by_what_came(database: Database, open_page: Open) -> None:
    followed(database)
    page = open_page(database.settings, "models")
    words = read(page)
    assert "Progression within 3 months: 48 forecasts of 24 patients made before the service knew" in words
    assert "Left out" not in words
    (row,) = told_table(page, "Weights on the same question").to_dict("records")
    assert (row["Forecasts"], row["With the event"], row["Without it"]) == ("48", "12", "24")
    assert "(leads now)" in row["Weights"]
    held = told_table(opened(page, "coverage"), "Table of intervals of sizes")
    assert list(held.Interval) == ["50 %", "80 %", "95 %"]
    assert set(held.Patients) == {"24"}
    query = "SELECT level, held FROM scanstream.size_outcome WHERE made_before AND role = 'lead' ORDER BY level"
    levels, within = zip(*database.connect("reader").execute(query).fetchall(), strict=True)
    assert list(held.Sizes) == [str(levels.count(level)) for level in (0.5, 0.8, 0.95)]
    inside = sum(is_held for level, is_held in zip(levels, within, strict=True) if level == 0.5)
    assert held.Held[0].startswith(f"{round(100 * inside / levels.count(0.5))} % (95 % interval ")

    page.selectbox(key="split").set_value("Number of the scan").run()
    split = told_table(page, "By number of the scan")
    assert list(split["With the event"]) == ["0", "12"]
    assert split["Order is right (AUC)"][0] == "too few to say"

    page.selectbox(key="question").set_value("Progression at the next visit").run()
    assert "Progression at the next visit: 48 forecasts" in read(page)


def test_weights_are_judged_by_all_that_they_said_whoever_led_then(
    database: Database, open_page: Open, tmp_path: Path
) -> None:
    """Patients with the event ended while others led: they would be missing in the figures of those that lead again."""
    leading.put_in_service(database.connect(), other_weights(tmp_path), "Ada", None)
    followed(database, [load_forecaster(tmp_path, "cpu")])
    page = open_page(database.settings, "models")
    assert "Progression within 3 months: 48 forecasts of 24 patients made before the service knew" in read(page)
    rows = told_table(page, "Weights on the same question")
    assert [words.rpartition("(")[2] for words in rows.Weights] == ["leads now)", "kept beside it)"]
    assert set(zip(rows.Forecasts, rows["With the event"], rows["Without it"], strict=True)) == {("48", "12", "24")}


def test_what_came_as_a_whole_history_is_told_and_not_counted(database: Database, open_page: Open) -> None:
    connection = database.connect()
    accept(connection, *(lung("P", name, on_day, size) for name, on_day, size in (("a", 0, 30), ("b", 60, 60))))
    Reconciler(connection, forecasters()).timelines(["P"])
    query = """SELECT horizon_days, event, round(days), made_before, line, visit FROM scanstream.forecast_outcome
      WHERE endpoint = 'progression' ORDER BY horizon_days"""
    expected = [(days, True, 60, False, 1, 1) for days in (90, 180, 365, None)]
    assert database.connect("reader").execute(query).fetchall() == expected
    sizes = (
        "SELECT measured, held = (measured BETWEEN value_low AND value_high), made_before FROM scanstream.size_outcome"
    )
    assert set(database.connect("reader").execute(sizes).fetchall()) == {(60.0, True, False)}
    words = read(open_page(database.settings, "models"))
    assert "0 forecasts of 0 patients made before the service knew" in words
    assert "Left out: 1 forecast computed when it was known already" in words
    assert "Too few to say: at least 10 patients with the event" in words


def test_a_size_is_held_against_the_sum_of_its_own_line(database: Database) -> None:
    """The visit that ends a line begins the next one, whose targets are others: their sum is no error of the model."""
    facts = [drug("P", "A", 1), lesions(0, 30.0), lesions(60, 40.0, 25.0), drug("P", "B", 70), lesions(120, 39.0, 24.0)]
    fold_each(database.connect(), facts)
    query = (
        "SELECT DISTINCT scan_uid, line, measured FROM scanstream.size_outcome WHERE measurement = 'sum_of_diameters'"
    )
    assert sorted(database.connect("reader").execute(query).fetchall()) == [("P/0", 1, 40.0), ("P/60", 2, 63.0)]


def lesions(on_day: int, *sizes_mm: float) -> ImportedVisit:
    """A visit of a patient with lesions of these diameters."""
    found = tuple(
        Measurement("longest_diameter", size, "import", f"lesion-{number}", f"Lung {number}", "lung")
        for number, size in enumerate(sizes_mm)
    )
    return ImportedVisit(f"P/{on_day}", "P", day(on_day), "lung", MeasuredScan(found, "lung", None))


def test_before_the_first_scan_the_page_says_what_is_missing_and_has_the_cards(
    empty: Settings, open_page: Open
) -> None:
    words = read(open_page(empty, "models"))
    assert "Progression within 3 months: 0 forecasts of 0 patients made before" in words
    assert (
        "Too few to say: at least 10 patients with the event and 10 without it are needed. So far: 0 patients" in words
    )
    assert "No visit yet" in words
    assert "What to beware of" in words
