"""The figures of a cohort, each from a data frame: waterfall, spider and survival; a click on a mark opens its patient.

Nothing is smoothed between scans, and no colour says what no sign or word says too.
"""

import altair as alt
import pandas as pd

from dashboard.charts import Drawing, band, finished
from dashboard.cohort import words
from dashboard.cohort.drawing import (
    STAR,
    change,
    legend,
    limit_rules,
    months,
    response_scale,
    responses,
    signs,
    tooltip,
)
from dashboard.cohort.frames import NEW_LESION, PROGRESSION
from dashboard.style import INK, MUTED, SERIES, WORSE

HEIGHT = 380
FRAME_PX = 110
"""Room for title, legend and axis."""
NARROW = 60
"""Bars from which on there is no room between them."""
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [10, 4], [1, 3], [6, 2, 1, 2])
"""How the lines of groups are told apart beside their colours, in the order of SERIES."""
CURVE_PX = 310
ROW = 0.06
"""Height of a row of numbers at risk, as a part of that of the curve."""


def waterfall(frame: pd.DataFrame, limits: words.Limits, title: str) -> Drawing:
    """A bar for each patient, the largest growth first: pale where a response is not confirmed, a star for new lesions.

    `frame` by `frames.waterfall`: place, change (%), response, sure, new, url, words.
    """
    gap = 0.0 if len(frame) > NARROW else 0.15
    places = alt.X("place:O", axis=None, scale=alt.Scale(paddingInner=gap))
    drawn = frame[["place", "change", "response", "sure", "new", "url", "words"]]
    base = alt.Chart(drawn.assign(top=frame.change.clip(lower=0))).encode(
        x=places, href=alt.Href("url:N"), tooltip=tooltip()
    )
    bars = base.mark_bar(strokeWidth=1).encode(
        y=change("change", limits),
        color=responses(frame),
        stroke=alt.Stroke("response:N", scale=response_scale(frame), legend=None),
        fillOpacity=alt.FillOpacityValue(0.3, condition={"test": "datum.sure", "value": 1}),
    )
    stars = (
        base.transform_filter("datum.new").mark_text(text="★", fontSize=13, color=INK, dy=-8).encode(y=alt.Y("top:Q"))
    )
    return finished([*limit_rules(limits), bars, stars], title, HEIGHT)


def spider(frame: pd.DataFrame, limits: words.Limits, title: str, reach: float) -> Drawing:
    """A line for each patient from 0 at the baseline, open where a target was not evaluated; bold below the pointer.

    `frame` by `frames.told`: patient_id, month, change (%), mark, url, words; `reach`: last month of the axis.
    """
    pointed = alt.selection_point(on="pointerover", nearest=True, fields=["patient_id"], empty=False)
    x = months("month", "months since the baseline scan", reach)
    drawn = frame[["patient_id", "month", "change", "mark", "url", "words"]]
    base = alt.Chart(drawn).encode(x=x, y=change("change", limits), href=alt.Href("url:N"), tooltip=tooltip())
    lines = base.mark_line(color=MUTED).encode(
        detail=alt.Detail("patient_id:N"),
        strokeWidth=alt.StrokeWidthValue(1, condition=_below(pointed, 3)),
        opacity=alt.OpacityValue(0.75, condition=_below(pointed, 1)),
    )
    points = base.mark_point(filled=True, color=MUTED, opacity=0.8)
    sized = points.encode(size=alt.SizeValue(14, condition=_below(pointed, 70))).add_params(pointed)
    shape, colour = signs({PROGRESSION: "cross", NEW_LESION: STAR}, {PROGRESSION: WORSE, NEW_LESION: INK})
    marks = base.transform_filter("datum.mark !== ''").mark_point(filled=True, size=70, opacity=1)
    layers = [*limit_rules(limits), lines, sized, marks.encode(shape=shape, color=colour)]
    return finished(layers, title, HEIGHT)


def _below(pointed: alt.Parameter, value: float) -> dict[str, object]:
    """The value of what is below the pointer."""
    return {"param": pointed.name, "empty": False, "value": value}


def survival(curves: pd.DataFrame, risk: pd.DataFrame, title: str, since: str) -> Drawing:
    """Steps down at each event, a tick where somebody was last seen without it, and how many are at risk below.

    `curves` by `frames.survival`, `risk` by `frames.risk_table`; the band of the interval only around a single curve.
    """
    groups = list(curves.group.unique())
    floor = -ROW * (2 * len(groups) + 0.5)
    x = months("month", f"months since {since}", float(curves.month.max()), list(risk.month.unique()))
    named = alt.Legend(**legend().to_dict(), symbolType="stroke", symbolStrokeWidth=3) if len(groups) > 1 else None
    colour = alt.Color("group:N", scale=alt.Scale(domain=groups, range=list(SERIES)), legend=named)
    dash = alt.StrokeDash("group:N", scale=alt.Scale(domain=groups, range=list(DASHES)), legend=named)
    base = alt.Chart(curves).encode(x=x, y=_share("survival", floor), color=colour)
    line = base.mark_line(interpolate="step-after", strokeWidth=2.2).encode(strokeDash=dash)
    ticks = base.transform_filter("datum.censored > 0").mark_tick(thickness=1.5, height=11, orient="vertical")
    spread = base.mark_area(interpolate="step-after", **band(SERIES[0]))
    between = spread.encode(y=_share("low", floor), y2=alt.Y2("high:Q"))
    layers = [line, ticks.encode(tooltip=tooltip()), *_at_risk(risk, groups, x, floor)]
    return finished([between, *layers] if len(groups) == 1 else layers, title, FRAME_PX + round(CURVE_PX * (1 - floor)))


def _at_risk(risk: pd.DataFrame, groups: list[str], x: alt.X, floor: float) -> list[alt.Chart]:
    """Numbers in rows below zero, each below the name of its group."""
    rows = {group: -ROW * (2 * number + 2) for number, group in enumerate(groups)}
    placed = risk.assign(row=risk.group.map(rows))
    heads = pd.DataFrame(
        {
            "month": 0.0,
            "row": [row + ROW for row in rows.values()],
            "name": [f"at risk: {group}" if len(groups) > 1 else "at risk" for group in groups],
        }
    )
    numbers = (
        alt.Chart(placed)
        .mark_text(fontSize=12, color=INK)
        .encode(x=x, y=_share("row", floor), text=alt.Text("at_risk:Q", format=","))
    )
    names = alt.Chart(heads).mark_text(fontSize=12, align="left", color=MUTED, dx=-4)
    return [numbers, names.encode(x=x, y=_share("row", floor), text=alt.Text("name:N"))]


def _share(name: str, floor: float) -> alt.Y:
    axis = alt.Axis(title=None, format=".0%", values=[0, 0.25, 0.5, 0.75, 1], domain=False)
    return alt.Y(f"{name}:Q", scale=alt.Scale(domain=[floor, 1], nice=False), axis=axis)
