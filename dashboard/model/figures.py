"""The figures of the page of models, each from a data frame, beside the line on which a forecast is right."""

import altair as alt
import pandas as pd

from dashboard.charts import AXIS_PX, FRAME_PX, Drawing, beside, finished
from dashboard.style import INK, MUTED, TEAL

ROW_PX = 34


def ratios(frame: pd.DataFrame, title: str) -> Drawing:
    """Observed by expected of each group with its interval, beside 1: a forecast that is neither too high nor too low.

    `frame`: group, ratio, low, high, words, a row per group in its order.
    """
    groups = alt.Y("group:N", sort=list(frame.group), axis=_names())
    reach = alt.Scale(type="log", domain=[min(0.5, frame.low.clip(lower=0.1).min()), max(2.0, frame.high.max())])
    axis = alt.Axis(title="observed / expected", values=[0.1, 0.25, 0.5, 1, 2, 4, 8], format="~g", grid=False)
    base = alt.Chart(frame.assign(low=frame.low.clip(lower=0.1))).encode(y=groups)
    right = alt.Chart().mark_rule(color=MUTED, strokeDash=[5, 4]).encode(x=alt.XDatum(1, type="quantitative"))
    spans = base.mark_rule(color=TEAL, strokeWidth=1.5).encode(
        x=alt.X("low:Q", scale=reach, axis=axis), x2=alt.X2("high:Q")
    )
    points = base.mark_point(filled=True, color=TEAL, size=64, opacity=1)
    placed = points.encode(x=alt.X("ratio:Q", scale=reach, axis=axis), tooltip=beside())
    return finished([right, spans, placed], title, FRAME_PX + ROW_PX * len(frame))


def coverage(frame: pd.DataFrame, title: str) -> Drawing:
    """The share of sizes within each interval, with its own interval, beside a tick at the share that should be.

    `frame`: name, level, held, low, high, words.
    """
    rows = alt.Y("name:N", sort=list(frame.name), axis=_names())
    share, axis = alt.Scale(domain=[0, 1]), alt.Axis(title="share that held", format=".0%", tickCount=5, grid=False)
    base = alt.Chart(frame).encode(y=rows)
    wanted = base.mark_tick(color=INK, thickness=2.5, size=20).encode(x=alt.X("level:Q", scale=share, axis=axis))
    spans = base.mark_rule(color=TEAL, strokeWidth=1.5).encode(
        x=alt.X("low:Q", scale=share, axis=axis), x2=alt.X2("high:Q")
    )
    points = base.mark_point(filled=True, color=TEAL, size=64, opacity=1)
    placed = points.encode(x=alt.X("held:Q", scale=share, axis=axis), tooltip=beside())
    return finished([wanted, spans, placed], title, FRAME_PX + ROW_PX * len(frame))


def _names() -> alt.Axis:
    return alt.Axis(
        title=None, labelLimit=190, labelFontSize=13, labelColor=INK, ticks=False, domain=False, minExtent=AXIS_PX
    )
