"""The figure of lanes: how long each patient has been followed in a line, what was given and what happened."""

import altair as alt
import pandas as pd

from dashboard.charts import Drawing, finished
from dashboard.cohort.drawing import legend, months, response_scale, signs, tooltip
from dashboard.cohort.frames import DEATH, FOLLOWED, PROGRESSION, RESPONSE
from dashboard.style import BETTER, INK, WORSE

LANE_PX = 24
FRAME_PX = 130
ARROW_PX = 8
"""How far behind the end of its lane an arrow stands, clear of what happened on the last day."""
MOST_LANES = 30
"""Lanes of one figure: more can no longer be told apart."""
SHAPES = {RESPONSE: "triangle-up", PROGRESSION: "cross", DEATH: "square", FOLLOWED: "triangle-right"}
COLOURS = {RESPONSE: BETTER, PROGRESSION: WORSE, DEATH: INK, FOLLOWED: INK}


def swimmer(lanes: pd.DataFrame, marks: pd.DataFrame, given: pd.DataFrame, title: str, reach: float) -> Drawing:
    """A lane for each patient, the longest first; a thin bar on it for each treatment, a sign for what happened.

    `lanes`, `marks`, `given` by `frames.lanes`, `lane_marks` and `given`; `reach`: last month of the axis.
    """
    x = months("end", "months since the baseline scan", reach)
    lane = alt.Y("place:O", axis=None)
    base = alt.Chart(lanes[["place", "end", "response", "url", "words"]]).encode(
        y=lane, tooltip=tooltip(), href=alt.Href("url:N")
    )
    bars = base.mark_bar(height=15, fillOpacity=0.35, strokeWidth=1).encode(
        x=x,
        fill=alt.Fill("response:N", scale=response_scale(lanes), legend=legend()),
        stroke=alt.Stroke("response:N", scale=response_scale(lanes), legend=None),
    )
    treated = (
        alt.Chart(given[["place", "start", "end", "words"]])
        .mark_bar(height=4, color=INK, opacity=0.75)
        .encode(x=months("start", "", reach), x2=alt.X2("end:Q"), y=lane, tooltip=tooltip())
    )
    shape, colour = signs(SHAPES, COLOURS)
    events = alt.Chart(marks).encode(
        x=months("month", "", reach), y=lane, shape=shape, color=colour, tooltip=tooltip(), href=alt.Href("url:N")
    )
    happened = events.transform_filter(alt.datum.mark != FOLLOWED).mark_point(filled=True, size=85, opacity=1)
    goes_on = events.transform_filter(alt.datum.mark == FOLLOWED).mark_point(
        filled=True, size=85, opacity=1, xOffset=ARROW_PX
    )
    return finished([bars, treated, happened, goes_on], title, FRAME_PX + LANE_PX * len(lanes))
