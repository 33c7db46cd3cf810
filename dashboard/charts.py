"""What is drawn: real dates, steps instead of slopes, gaps left open, colours that everyone can tell apart."""

from typing import NamedTuple

import altair as alt
import pandas as pd

from dashboard.style import BETTER, INK, MUTED, NEUTRAL, PANEL, PAPER, RULE, SERIES, TEAL, WORSE

AXIS_PX = 54
"""Room for the labels of every y axis, so that the dates of charts above each other are in line."""
FRAME_PX = 62
"""Height of title and dates of a chart; Streamlit counts them in."""
HOLDS_DAYS = 60
"""A forecast holds until something arrives: the last step is drawn on for as long as a usual interval of scans."""
SIZES = alt.Scale(zero=True, nice=True)


class Span(NamedTuple):
    """First and last date of all charts of a patient; what goes on is drawn as far as `held`, forecasts to the last."""

    first: pd.Timestamp
    last: pd.Timestamp
    held: pd.Timestamp


def measured(frame: pd.DataFrame, coming: pd.DataFrame, title: str, span: Span) -> alt.LayerChart:
    """Values over real dates; `frame` has at, series, value (NaN: not measured, the line is open there), is_sum, words.

    `coming`: at, level, value, value_low, value_high, words of sizes forecast; `title` carries the unit.
    """
    series = list(dict.fromkeys(frame.sort_values("is_sum", ascending=False, kind="stable").series))
    colour = alt.Color("series:N", sort=series, scale=alt.Scale(domain=series, range=list(SERIES)), legend=_legend())
    shape = alt.Shape("series:N", sort=series, scale=alt.Scale(domain=series), legend=_legend())
    base = alt.Chart(frame).encode(x=_x(span), y=_y("value", SIZES), color=colour)
    width = alt.condition("datum.is_sum", alt.value(3), alt.value(1.6))
    chart = (
        _fan(coming, _x(span))
        + base.mark_line().encode(strokeWidth=width, detail="series:N")
        + base.mark_point(filled=True, size=64, opacity=1).encode(shape=shape, tooltip=_words())
    )
    return _finish(chart, title, FRAME_PX + 250)


def _fan(coming: pd.DataFrame, x: alt.X) -> alt.LayerChart:
    """Bands of all levels over each other, the darker the likelier, and the forecast itself in their middle."""
    bands = alt.Chart(coming).mark_area(color=TEAL, opacity=0.16, clip=True)
    forecast = alt.Chart(coming[coming.level == coming.level.min()]).encode(x=x, y=_y("value", SIZES))
    fan: alt.LayerChart = (
        bands.encode(x=x, y=_y("value_low", SIZES), y2="value_high:Q", detail="level:N")
        + forecast.mark_line(color=TEAL, strokeWidth=2, strokeDash=[5, 4], clip=True)
        + forecast.mark_point(color=TEAL, size=64, opacity=1, fill=PAPER).encode(tooltip=_words())
    )
    return fan


def risk(frame: pd.DataFrame, scans: pd.DataFrame, title: str, span: Span) -> alt.LayerChart:
    """Risk as steps that hold until the next scan, with the band of the model's uncertainty.

    `frame`: at, risk, risk_low, risk_high, weights_version, said_by, words, one row per scan with a forecast, by date;
    `scans`: at, words of every scan. A rule marks where other weights begin to speak.
    """
    held = _held(frame, span.held)
    share = alt.Scale(domain=[0, 1])
    band = alt.Chart(held).mark_area(interpolate="step-after", color=TEAL, opacity=0.18, clip=True)
    line = alt.Chart(held).mark_line(interpolate="step-after", color=TEAL, strokeWidth=2.4, clip=True)
    points = alt.Chart(frame).mark_point(filled=True, color=TEAL, size=64, opacity=1)
    x = _x(span)
    chart = (
        band.encode(x=x, y=_y("risk_low", share, percent=True), y2="risk_high:Q")
        + line.encode(x=x, y=_y("risk", share, percent=True))
        + _ticks(scans, x)
        + _model_changes(frame, x)
        + points.encode(x=x, y=_y("risk", share, percent=True), tooltip=_words())
    )
    return _finish(chart, title, FRAME_PX + 210)


def given(frame: pd.DataFrame, title: str, span: Span) -> alt.LayerChart:
    """Treatments as labelled spans, a lane each; `frame`: start, end (NaT: goes on), label, words."""
    lanes = frame.assign(lane=range(len(frame)), end=frame.end.fillna(span.held))
    axis = alt.Axis(
        labels=False, ticks=False, domain=False, grid=False, title=None, minExtent=AXIS_PX, maxExtent=AXIS_PX
    )
    base = alt.Chart(lanes).encode(y=alt.Y("lane:O", axis=axis), tooltip=_words())
    spans = base.mark_bar(color=TEAL, opacity=0.22, height=20, clip=True).encode(x=_x(span, "start"), x2="end:T")
    edges = base.mark_tick(color=TEAL, thickness=3, height=20, orient="vertical").encode(x=_x(span, "start"))
    names = base.mark_text(align="left", dx=8, color=INK, fontSize=13).encode(x=_x(span, "start"), text="label:N")
    return _finish(spans + edges + names, title, FRAME_PX + 28 * len(lanes))


def parts(frame: pd.DataFrame, title: str) -> alt.LayerChart:
    """Parts of a change of risk as signed bars, in their order; `frame`: part, points, label, trend, words."""
    trends = alt.Scale(domain=["worse", "better", "unchanged"], range=[WORSE, BETTER, NEUTRAL])
    names = alt.Axis(title=None, labelLimit=420, labelFontSize=13, labelColor=INK, ticks=False, domain=False)
    reach = max(1.0, frame.points.abs().max()) * 1.25  # room for the labels
    base = alt.Chart(frame).encode(
        x=alt.X("points:Q", scale=alt.Scale(domain=[-reach, reach]), axis=alt.Axis(title=None, tickCount=5)),
        y=alt.Y("part:N", sort=list(frame.part), axis=names),
        tooltip=_words(),
    )
    bars = base.mark_bar(height=16).encode(color=alt.Color("trend:N", scale=trends, legend=None))
    zero = alt.Chart().mark_rule(color=MUTED).encode(x=alt.datum(0, type="quantitative"))
    rising = base.transform_filter("datum.points >= 0").mark_text(align="left", dx=5, color=INK, fontSize=13)
    falling = base.transform_filter("datum.points < 0").mark_text(align="right", dx=-5, color=INK, fontSize=13)
    chart = bars + zero + rising.encode(text="label:N") + falling.encode(text="label:N")
    return _finish(chart, title, FRAME_PX + 30 * len(frame))


def calibration(frame: pd.DataFrame, title: str) -> alt.LayerChart:
    """Observed share by mean risk with intervals, beside the line on which risks mean what they say.

    `frame`: expected, observed, low, high, words, a row per tenth of the risks.
    """
    share = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", tickCount=5, title="forecast", grid=False)
    x = alt.X("expected:Q", scale=share, axis=axis)
    base = alt.Chart(frame).encode(x=x)
    ideal = alt.Chart(pd.DataFrame({"expected": [0.0, 1.0], "observed": [0.0, 1.0]}))
    points = base.mark_point(filled=True, color=TEAL, size=64, opacity=1)
    chart = (
        ideal.mark_line(color=MUTED, strokeDash=[5, 4]).encode(x=x, y=_y("observed", share, percent=True))
        + base.mark_rule(color=TEAL, strokeWidth=1.5).encode(y=_y("low", share, percent=True), y2="high:Q")
        + points.encode(y=_y("observed", share, percent=True), tooltip=_words())
    )
    return _finish(chart, title, FRAME_PX + 180)


def span(dates: pd.Series, coming: pd.Series, last_scan: pd.Timestamp, today: pd.Timestamp) -> Span:
    """All `dates`, the last risk held for a while, and the `coming` days of sizes, with a little air on both sides."""
    held = max(dates.max(), min(today, last_scan + pd.Timedelta(days=HOLDS_DAYS)))
    last = max([held, *coming])
    air = max((last - dates.min()) * 0.02, pd.Timedelta(days=2))
    return Span((dates.min() - air).normalize(), (last + air).normalize(), (held + air).normalize())


def _held(frame: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """The forecasts and, at the end, the last one once more: it holds until something arrives."""
    return pd.concat([frame, frame.tail(1).assign(at=until)], ignore_index=True)


def _ticks(scans: pd.DataFrame, x: alt.X) -> alt.Chart:
    ticks = alt.Chart(scans).mark_tick(color=INK, thickness=2, height=12, orient="vertical", yOffset=-6)
    placed: alt.Chart = ticks.encode(x=x, y=alt.datum(0, type="quantitative"), tooltip=_words())
    return placed


def _model_changes(frame: pd.DataFrame, x: alt.X) -> alt.LayerChart:
    changed = frame[frame.weights_version.ne(frame.weights_version.shift()) & (frame.index != frame.index[0])]
    base = alt.Chart(changed.assign(label="from here: " + changed.said_by)).encode(x=x)
    rule = base.mark_rule(color=MUTED, strokeDash=[5, 4], strokeWidth=1.5)
    text = base.mark_text(align="left", dx=5, baseline="top", color=MUTED, fontSize=12)
    marks: alt.LayerChart = rule + text.encode(y=alt.value(2), text="label:N")
    return marks


def _x(span: Span, name: str = "at") -> alt.X:
    axis = alt.Axis(format="%Y-%m-%d", labelAngle=0, tickCount=8, title=None, grid=False, labelOverlap="greedy")
    return alt.X(f"{name}:T", scale=alt.Scale(domain=[span.first.isoformat(), span.last.isoformat()]), axis=axis)


def _y(name: str, scale: alt.Scale, percent: bool = False) -> alt.Y:
    axis = alt.Axis(
        title=None, format=".0%" if percent else "~f", tickCount=5, minExtent=AXIS_PX, maxExtent=AXIS_PX, domain=False
    )
    return alt.Y(f"{name}:Q", scale=scale, axis=axis)


def _legend() -> alt.Legend:
    return alt.Legend(orient="top", title=None, labelLimit=320, symbolSize=90, columns=4)


def _words() -> alt.Tooltip:
    return alt.Tooltip("words:N", title=" ")


def _finish(chart: alt.LayerChart, title: str, height: int) -> alt.LayerChart:
    font = '"Source Sans", "Source Sans Pro", sans-serif'
    heading = alt.TitleParams(title, anchor="start", color=INK, fontSize=14, fontWeight=600, font=font, offset=10)
    finished: alt.LayerChart = (
        chart.properties(height=height, title=heading)
        .configure(font=font, background=PAPER)
        .configure_axis(labelColor=MUTED, labelFontSize=12, gridColor=PANEL, tickColor=RULE, domainColor=RULE)
        .configure_legend(labelColor=INK, labelFontSize=13)
        .configure_view(strokeWidth=0)
    )
    return finished
