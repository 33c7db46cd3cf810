"""The figures of more patients than can be told apart: counts by best change, and boxes by time.

A mark stands for many, so that a press on it opens nobody; the tables below have every patient.
"""

import altair as alt
import pandas as pd

from dashboard.charts import Drawing, band, finished
from dashboard.cohort import words
from dashboard.cohort.drawing import change, limit_rules, months, response_scale, responses, tooltip, upright_rules
from dashboard.cohort.figures import HEIGHT
from dashboard.cohort.many import BIN, LARGEST
from dashboard.style import INK, MUTED, TEAL

SIDE = 0.12
"""Of a span of months, on both sides of its box."""


def distribution(bars: pd.DataFrame, limits: words.Limits, title: str) -> Drawing:
    """How many patients have which best change, by best response; pale where it is not confirmed.

    `bars` by `many.counted_changes`.
    """
    scale = alt.Scale(domain=[-100, min(bars.high.max(), LARGEST + BIN)], nice=False)
    axis = alt.Axis(
        title=f"best change of the {limits.of} (%)", grid=False, tickCount=8, labelOverlap="greedy", labelSeparation=6
    )
    order = list(response_scale(bars).domain)
    drawn = bars[["low", "high", "response", "sure", "patients", "words"]].assign(
        order=2 * bars.response.map(order.index) - bars.sure
    )
    stacks = (
        alt.Chart(drawn)
        .mark_bar(strokeWidth=0.8)
        .encode(
            x=alt.X("low:Q", scale=scale, axis=axis, bin="binned"),
            x2=alt.X2("high:Q"),
            y=alt.Y("patients:Q", stack="zero", axis=alt.Axis(title="patients", tickMinStep=1, domain=False)),
            order=alt.Order("order:Q"),
            color=responses(bars),
            stroke=alt.Stroke("response:N", scale=response_scale(bars), legend=None),
            fillOpacity=alt.FillOpacityValue(0.3, condition={"test": "datum.sure", "value": 1}),
            tooltip=tooltip(),
        )
    )
    return finished([stacks, *upright_rules(limits)], title, HEIGHT)


def boxes(windows: pd.DataFrame, few: pd.DataFrame, limits: words.Limits, title: str, reach: float) -> Drawing:
    """A box for the patients of each span of months: half of them within it, eight in ten on its line, median, count.

    `windows` and `few` by `many.course`: of fewer than five each has a point; `reach`: last month of the axis.
    """
    width = windows.end - windows.start
    drawn = windows.assign(
        left=windows.start + SIDE * width, right=windows.end - SIDE * width, month=(windows.start + windows.end) / 2
    )
    x = months("month", "months since the baseline scan", reach)
    base = alt.Chart(drawn.drop(columns=["progressed"])).encode(tooltip=tooltip())
    wide = {"x": months("left", "", reach), "x2": alt.X2("right:Q")}
    y = {name: change(name, limits) for name in ("tenth", "quarter", "middle", "nine_tenths", "change")}
    spread = base.mark_rule(color=TEAL).encode(x=x, y=y["tenth"], y2=alt.Y2("nine_tenths:Q"))
    box = base.mark_rect(**band(TEAL)).encode(**wide, y=y["quarter"], y2=alt.Y2("three_quarters:Q"))
    middle = base.mark_rule(color=INK, strokeWidth=2.5).encode(**wide, y=y["middle"])
    counts = base.mark_text(color=MUTED, dy=-8).encode(x=x, y=y["nine_tenths"], text=alt.Text("patients:Q", format=","))
    alone = alt.Chart(few).mark_point(filled=True, color=MUTED, size=30, opacity=0.9)
    points = alone.encode(x=x, y=y["change"], tooltip=tooltip(), href=alt.Href("url:N"))
    return finished([*limit_rules(limits), spread, box, middle, counts, points], title, HEIGHT)
