"""What is drawn of one patient: steps for what holds, straight pieces between what was measured, gaps left open."""

from collections.abc import Sequence
from typing import Literal

import altair as alt
import pandas as pd

from dashboard.charts import (
    AXIS_PX,
    FRAME_PX,
    LEGEND_COLUMNS,
    LEGEND_ROW_PX,
    SIZES,
    Drawing,
    Span,
    band,
    beside,
    dates,
    finished,
    legend,
    values,
)
from dashboard.style import BETTER, INK, MUTED, NEUTRAL, PAPER, SERIES, TEAL, WORSE

SHARE = alt.Scale(domain=[0, 1])
SHORT = {"response": "PR", "progression": "PD"}
LIMITS = {"baseline": NEUTRAL, "response": BETTER, "progression": WORSE}
LANE_PX, LINE_PX, NAME_PX, NAMES_PX = 28, 16, 14, 24
"""Heights of a lane, of a line of words and of a name; room for names beside the days."""
SUMS_PX = 270
LABEL = alt.Text("label:N")


def therapy(frame: pd.DataFrame, visits: pd.DataFrame, title: str, span: Span) -> Drawing:
    """Lines of therapy and treatments as labelled spans, a lane each, and a tick for each visit.

    `frame`: start, end (NaT: goes on), label, is_line, words; `visits`: at, words.
    """
    lanes = frame.assign(lane=range(len(frame)), end=frame.end.fillna(span.held))
    every = alt.Scale(domain=list(range(len(lanes) + 1)))
    axis = alt.Axis(
        labels=False, ticks=False, domain=False, grid=False, title=None, minExtent=AXIS_PX, maxExtent=AXIS_PX
    )
    base = alt.Chart(lanes).encode(y=alt.Y("lane:O", axis=axis, scale=every), tooltip=beside())
    of_line = {"test": "datum.is_line", "value": INK}
    fill, stroke, colour = (of(TEAL, condition=of_line) for of in (alt.FillValue, alt.StrokeValue, alt.ColorValue))
    spans = base.mark_bar(fillOpacity=0.2, strokeWidth=1, height=20, clip=True).encode(
        x=dates(span, "start"), x2=alt.X2("end:T"), fill=fill, stroke=stroke
    )
    edges = base.mark_tick(thickness=3, height=20, orient="vertical").encode(x=dates(span, "start"), color=colour)
    early = f"datum.start < {1000 * (span.first + (span.held - span.first) / 2).timestamp():.0f}"
    names = base.mark_text(align="left", dx=8, color=INK, fontSize=13).transform_filter(early)
    late = base.mark_text(align="right", dx=-8, color=INK, fontSize=13).transform_filter(f"!({early})")
    ticks = alt.Chart(visits).mark_tick(color=INK, thickness=2, height=12, orient="vertical")
    of_visits = ticks.encode(x=dates(span), y=alt.YDatum(len(lanes), type="ordinal"), tooltip=beside())
    from_start = names.encode(x=dates(span, "start"), text=LABEL)
    to_end = late.encode(x=dates(span, "end"), text=LABEL)
    height = FRAME_PX + LANE_PX * (len(lanes) + 1)
    return _dated([spans, edges, from_start, to_end, of_visits], title, height)


def sums(frame: pd.DataFrame, limits: pd.DataFrame, coming: pd.DataFrame, title: str, span: Span) -> Drawing:
    """The sum of targets of each line with its verdicts, and what it is judged by.

    `frame`: at, line, value, category, label, words; `limits`: line, limit, start, end (NaT: still holds), value,
    label, words; `coming`: at, level, value, value_low, value_high, words of sums forecast.
    """
    x, highest = dates(span), float(pd.concat([frame.value, limits.value, coming.value_high]).max() or 1)
    base = alt.Chart(frame).encode(x=x, y=values("value", SIZES))
    text = base.mark_text(fontSize=13, fontWeight=600, color=INK, dy=-14).transform_filter(
        "datum.category != 'baseline'"
    )
    below = base.mark_text(align="left", fontSize=12, color=MUTED, dx=-4, dy=16).transform_filter(
        "datum.category == 'baseline'"
    )
    layers = [
        *_fan(coming, x),
        *_limits(limits, span, highest),
        base.mark_line(color=INK, strokeWidth=3).encode(detail=alt.Detail("line:N")),
        base.mark_point(filled=True, color=INK, size=70, opacity=1).encode(tooltip=beside()),
        *_over_lines(text.encode(text=LABEL)),
        *_over_lines(below.encode(text=LABEL)),
    ]
    named = limits.end.isna() & limits.limit.isin(list(SHORT))
    return _dated(layers, title, FRAME_PX + SUMS_PX, 0 if named.any() else NAMES_PX)


def _limits(limits: pd.DataFrame, span: Span, highest: float) -> list[alt.Chart]:
    """Each limit as a rule for as long as it holds; those of the next visit go on to the end and have short names.

    These stand beside the days, where nothing is drawn, and not over each other; `highest`: top of the chart (mm).
    """
    colour = alt.Color("limit:N", scale=alt.Scale(domain=list(LIMITS), range=list(LIMITS.values())), legend=None)
    base = alt.Chart(limits.assign(end=limits.end.fillna(span.last))).encode(y=values("value", SIZES), color=colour)
    rules = base.mark_rule(strokeWidth=1.8, strokeDash=[6, 4])
    drawn = [rules.encode(x=dates(span, "start"), x2=alt.X2("end:T"), tooltip=beside())]
    standing = limits[limits.end.isna() & limits.limit.isin(list(SHORT))].sort_values("value", ascending=False)
    places = [SUMS_PX * (1 - value / highest) for value in standing.value]
    named = standing.assign(end=span.last, label=standing.limit.map(SHORT))
    for number, place in enumerate(places):
        away = max(0, round(NAME_PX - (place - places[0]))) if number else 0
        words = alt.Chart(named.iloc[[number]]).encode(x=dates(span, "end"), y=values("value", SIZES), text=LABEL)
        drawn.append(words.mark_text(align="left", dx=6, dy=away, fontSize=12).encode(color=colour))
    return drawn


def _dated(layers: Sequence[alt.Chart], title: str, height: int, names_px: int = NAMES_PX) -> Drawing:
    """A chart over the days of a patient; each leaves the same room beside them, so that all days are in line."""
    drawn = finished(layers, title, height)
    return drawn._replace(spec={**drawn.spec, "padding": {"left": 0, "top": 5, "right": names_px, "bottom": 5}})


def lesions(frame: pd.DataFrame, title: str, span: Span) -> Drawing:
    """Every lesion over the visits; `frame`: at, series, value (NaN: not evaluated, open there), words."""
    return measured(frame.assign(is_sum=False), NOTHING_COMING, title, span)


NOTHING_COMING = pd.DataFrame(columns=["at", "level", "value", "value_low", "value_high", "words"])


def measured(frame: pd.DataFrame, coming: pd.DataFrame, title: str, span: Span) -> Drawing:
    """Values over real dates; `frame` has at, series, value (NaN: not measured, the line is open there), is_sum, words.

    `coming`: at, level, value, value_low, value_high, words of sizes forecast; `title` carries the unit.
    """
    series = list(dict.fromkeys(frame.sort_values("is_sum", ascending=False, kind="stable").series))
    colour = alt.Color("series:N", sort=series, scale=alt.Scale(domain=series, range=list(SERIES)), legend=legend())
    shape = alt.Shape("series:N", sort=series, scale=alt.Scale(domain=series), legend=legend())
    base = alt.Chart(frame).encode(x=dates(span), y=values("value", SIZES), color=colour)
    width = alt.StrokeWidthValue(1.6, condition={"test": "datum.is_sum", "value": 3})
    layers = [
        *_fan(coming, dates(span)),
        base.mark_line().encode(strokeWidth=width, detail=alt.Detail("series:N")),
        base.mark_point(filled=True, size=64, opacity=1).encode(shape=shape, tooltip=beside()),
    ]
    names_px = LEGEND_ROW_PX * -(-len(series) // LEGEND_COLUMNS)
    return _dated(layers, title, FRAME_PX + 210 + names_px)


def _over_lines(words: alt.Chart) -> list[alt.Chart]:
    """Words with the paper around their letters, since they lie over lines."""
    return [words.encode(stroke=alt.StrokeValue(PAPER), strokeWidth=alt.StrokeWidthValue(3)), words]


def _fan(coming: pd.DataFrame, x: alt.X) -> list[alt.Chart]:
    """Bands of all levels over each other, the darker the likelier, and the forecast itself in their middle."""
    if coming.empty:
        return []
    bands = alt.Chart(coming).mark_area(**band(TEAL), clip=True)
    forecast = alt.Chart(coming[coming.level == coming.level.min()]).encode(x=x, y=values("value", SIZES))
    return [
        bands.encode(x=x, y=values("value_low", SIZES), y2=alt.Y2("value_high:Q"), detail=alt.Detail("level:N")),
        forecast.mark_line(color=TEAL, strokeWidth=2, strokeDash=[5, 4], clip=True),
        forecast.mark_point(color=TEAL, size=64, opacity=1, fill=PAPER).encode(tooltip=beside()),
    ]


def risk(frame: pd.DataFrame, visits: pd.DataFrame, events: pd.DataFrame, title: str, span: Span) -> Drawing:
    """Risk as steps that hold until the next visit or until the question was closed, with the model's uncertainty.

    `frame`: at, line, until (NaT: still holds), risk, risk_low, risk_high, words, a row per visit with a forecast, by
    date; `visits`: at, words; `events`: at, label: other weights that begin to speak, a question that was closed.
    """
    held = _held(frame, span.held)
    spread = alt.Chart(held).mark_area(interpolate="step-after", **band(TEAL), clip=True)
    line = alt.Chart(held).mark_line(interpolate="step-after", color=TEAL, strokeWidth=2.4, clip=True)
    points = alt.Chart(frame).mark_point(filled=True, color=TEAL, size=64, opacity=1)
    x, of_line = dates(span), alt.Detail("line:N")
    layers = [
        spread.encode(x=x, y=values("risk_low", SHARE, percent=True), y2=alt.Y2("risk_high:Q"), detail=of_line),
        line.encode(x=x, y=values("risk", SHARE, percent=True), detail=of_line),
        _ticks(visits, x),
        *_events(events, span),
        points.encode(x=x, y=values("risk", SHARE, percent=True), tooltip=beside()),
    ]
    return _dated(layers, title, FRAME_PX + 210)


def _held(frame: pd.DataFrame, held: pd.Timestamp) -> pd.DataFrame:
    """The forecasts and, at the end of each line, its last one once more: it holds until something arrives."""
    last = frame.drop_duplicates("line", keep="last")
    return pd.concat([frame, last.assign(at=last.until.fillna(held))], ignore_index=True)


def _ticks(visits: pd.DataFrame, x: alt.X) -> alt.Chart:
    """A tick for each visit, at the foot of a chart."""
    ticks = alt.Chart(visits).mark_tick(color=INK, thickness=2, height=12, orient="vertical", yOffset=-6)
    placed: alt.Chart = ticks.encode(x=x, y=alt.YDatum(0, type="quantitative"), tooltip=beside())
    return placed


def _events(events: pd.DataFrame, span: Span) -> list[alt.Chart]:
    """A rule for each event, and its words one under the other, on the side where there is room."""
    x, middle = dates(span), span.first + (span.last - span.first) / 2
    rules = alt.Chart(events).mark_rule(color=MUTED, strokeDash=[5, 4], strokeWidth=1.5).encode(x=x)
    drawn = [rules]
    for number, at in enumerate(events["at"]):
        row = alt.YValue(2 + LINE_PX * number)  # type: ignore[no-untyped-call] # the only channel without types
        words = alt.Chart(events.iloc[[number]]).encode(x=x, y=row, text=LABEL)
        side: Literal["left", "right"] = "left" if at < middle else "right"
        away = 5 if side == "left" else -5
        drawn.append(words.mark_text(align=side, dx=away, baseline="top", color=MUTED, fontSize=12))
    return drawn
