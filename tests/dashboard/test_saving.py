"""A figure that somebody saves: what the page draws, and nobody's page or name."""

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from dashboard.charts import Drawing
from dashboard.cohort import figures, frames, words
from dashboard.cohort.saving import svg
from tests.dashboard.test_cohort_figures import prepared

TEXT = "{http://www.w3.org/2000/svg}text"
PATH = "{http://www.w3.org/2000/svg}path"


def waterfall() -> Drawing:
    return figures.waterfall(frames.waterfall(prepared()[0]), words.DIAMETERS, "Best change")


def spider() -> Drawing:
    points = frames.told(frames.spider(*prepared()))
    return figures.spider(points, words.DIAMETERS, "All patients", 6)


def survival() -> Drawing:
    followed = frames.followed_for(prepared()[0], words.PROGRESSION_FREE)
    curves = frames.survival(followed, words.PROGRESSION_FREE)
    at_risk = frames.risk_table(followed, curves, words.PROGRESSION_FREE)
    return figures.survival(curves, at_risk, "Progression-free (%)", words.PROGRESSION_FREE.since)


@pytest.mark.parametrize("drawn", [waterfall, spider, survival])
def test_a_saved_figure_has_its_title_and_axes_and_names_no_patient(
    drawn: Callable[[], Drawing],
) -> None:
    drawing = drawn()
    saved = ElementTree.fromstring(svg(drawing))
    texts = {"".join(text.itertext()) for text in saved.iter(TEXT)}
    assert drawing.spec["title"]["text"] in texts
    assert len(texts) > 5
    assert not re.search(rb"href=|patient=|\bP[ABCNO]\b|<script", svg(drawing))


def test_a_saved_waterfall_has_a_bar_as_high_as_each_change() -> None:
    frame = frames.waterfall(prepared()[0])
    bars = [
        float(re.search(r"v([-\d.]+)h-", path.get("d"))[1])
        for path in ElementTree.fromstring(svg(waterfall())).iter(PATH)
        if path.get("fill-opacity") and "v" in path.get("d")
    ]
    assert [bar / bars[0] for bar in bars] == pytest.approx([abs(change / frame.change[0]) for change in frame.change])
