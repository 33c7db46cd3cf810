"""What is drawn of one patient: steps for what holds, straight pieces between what was measured, gaps left open."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

import altair as alt
import pandas as pd

from dashboard.charts import (
    AXIS_PX,
    FRAME_PX,
    LEGEND_COLUMNS,
    LEGEND_ROW_PX,
    SIZES,
    Drawing,
    Layout,
    Span,
    band,
    beside,
    chart,
    dates,
    filled,
    hole,
    layout,
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
DASHED: dict[str, Any] = {"color": MUTED, "strokeDash": [5, 4], "strokeWidth": 1.5}
Side = Literal["left", "right"]


def therapy(frame: pd.DataFrame, visits: pd.DataFrame, title: str, span: Span) -> Drawing:
    """Lines of therapy and treatments as labelled spans, a lane each, and a tick for each visit.

    `frame`: start, end (NaT: goes on), label, is_line, words; `visits`: at, words.
    """
    is_early = frame.start < span.first + (span.held - span.first) / 2
    lanes = frame.assign(lane=range(len(frame)), end=frame.end.fillna(span.held), is_early=is_early)
    height = FRAME_PX + LANE_PX * (len(lanes) + 1)
    return _dated(_therapy(len(lanes)), {"lanes": lanes, "visits": visits}, title, height, span)


@cache
def _therapy(lanes: int) -> Layout:
    """The name of a lane stands at its start, of a late one at its end."""
    every = alt.Scale(domain=list(range(lanes + 1)))
    axis = alt.Axis(
        labels=False, ticks=False, domain=False, grid=False, title=None, minExtent=AXIS_PX, maxExtent=AXIS_PX
    )
    base = chart("lanes").encode(y=alt.Y("lane:O", axis=axis, scale=every), tooltip=beside())
    of_line = {"test": "datum.is_line", "value": INK}
    fill, stroke, colour = (of(TEAL, condition=of_line) for of in (alt.FillValue, alt.StrokeValue, alt.ColorValue))
    spans = base.mark_bar(fillOpacity=0.2, strokeWidth=1, height=20, clip=True).encode(
        x=dates("start"), x2=alt.X2("end:T"), fill=fill, stroke=stroke
    )
    edges = base.mark_tick(thickness=3, height=20, orient="vertical").encode(x=dates("start"), color=colour)
    names = base.mark_text(align="left", dx=8, color=INK, fontSize=13).transform_filter("datum.is_early")
    late = base.mark_text(align="right", dx=-8, color=INK, fontSize=13).transform_filter("!datum.is_early")
    ticks = chart("visits").mark_tick(color=INK, thickness=2, height=12, orient="vertical")
    of_visits = ticks.encode(x=dates(), y=alt.YDatum(lanes, type="ordinal"), tooltip=beside())
    from_start, to_end = names.encode(x=dates("start"), text=LABEL), late.encode(x=dates("end"), text=LABEL)
    return layout([spans, edges, from_start, to_end, of_visits])


def sums(frame: pd.DataFrame, limits: pd.DataFrame, coming: pd.DataFrame, title: str, span: Span) -> Drawing:
    """The sum of targets of each line with its verdicts, and what it is judged by.

    `frame`: at, line, value, category, label, words; `limits`: line, limit, start, end (NaT: still holds), value,
    label, words; `coming`: at, level, value, value_low, value_high, words of sums forecast.
    """
    highest = float(pd.concat([frame.value, limits.value, coming.value_high]).max() or 1)
    drawn, named = limits.assign(end=limits.end.fillna(span.last)), _named(limits, span)
    layers = _sums(_places(named, highest), len(coming) > 0)
    given = {"sums": frame, "limits": drawn, **_coming(coming)} | ({"named": named} if len(named) else {})
    return _dated(layers, given, title, FRAME_PX + SUMS_PX, span, 0 if len(named) else NAMES_PX)


@cache
def _sums(places: tuple[tuple[str, int], ...], is_forecast: bool) -> Layout:
    base = chart("sums").encode(x=dates(), y=values("value", SIZES))
    text = base.mark_text(fontSize=13, fontWeight=600, color=INK, dy=-14).transform_filter(
        "datum.category != 'baseline'"
    )
    below = base.mark_text(align="left", fontSize=12, color=MUTED, dx=-4, dy=16).transform_filter(
        "datum.category == 'baseline'"
    )
    layers = [
        *(_fan() if is_forecast else []),
        *_limits(places),
        base.mark_line(color=INK, strokeWidth=3).encode(detail=alt.Detail("line:N")),
        base.mark_point(filled=True, color=INK, size=70, opacity=1).encode(tooltip=beside()),
        *_over_lines(text.encode(text=LABEL)),
        *_over_lines(below.encode(text=LABEL)),
    ]
    return layout(layers)


def _limits(places: Sequence[tuple[str, int]]) -> list[alt.Chart]:
    """Each limit as a rule for as long as it holds; those of the next visit go on to the end and have short names.

    These stand beside the days, where nothing is drawn, and not over each other: `places` as of `_places`.
    """
    colour = alt.Color("limit:N", scale=alt.Scale(domain=list(LIMITS), range=list(LIMITS.values())), legend=None)
    base = chart("limits").encode(y=values("value", SIZES), color=colour)
    rules = base.mark_rule(strokeWidth=1.8, strokeDash=[6, 4])
    drawn = [rules.encode(x=dates("start"), x2=alt.X2("end:T"), tooltip=beside())]
    words = chart("named").encode(x=dates("end"), y=values("value", SIZES), text=LABEL, color=colour)
    for limit, away in places:
        beside_days = words.mark_text(align="left", dx=6, dy=away, fontSize=12)
        drawn.append(beside_days.transform_filter(f"datum.limit == '{limit}'"))
    return drawn


def _named(limits: pd.DataFrame, span: Span) -> pd.DataFrame:
    """The limits of the next visit with their short names, the highest first."""
    standing = limits[limits.end.isna() & limits.limit.isin(list(SHORT))].sort_values("value", ascending=False)
    return standing.assign(end=span.last, label=standing.limit.map(SHORT))


def _places(named: pd.DataFrame, highest: float) -> tuple[tuple[str, int], ...]:
    """Each of these limits with the pixels that its name stands below it; `highest`: top of the chart (mm)."""
    tops = [SUMS_PX * (1 - value / highest) for value in named.value]
    away = [max(0, round(NAME_PX - (top - tops[0]))) if number else 0 for number, top in enumerate(tops)]
    return tuple(zip(named.limit, away, strict=True))


def _dated(
    layers: Layout, given: Mapping[str, Any], title: str, height: int, span: Span, names_px: int = NAMES_PX
) -> Drawing:
    """A chart over the days of a patient; each leaves the same room beside them, so that all days are in line."""
    days = {"first": span.first.isoformat(), "last": span.last.isoformat()}
    drawn = filled(layers, {**given, **days}, title, height)
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
    names_px = LEGEND_ROW_PX * -(-len(series) // LEGEND_COLUMNS)
    given = {"measured": frame, "series": series, **_coming(coming)}
    return _dated(_measured(len(coming) > 0), given, title, FRAME_PX + 210 + names_px, span)


@cache
def _measured(is_forecast: bool) -> Layout:
    names = hole("series")
    colour = alt.Color("series:N", sort=names, scale=alt.Scale(domain=names, range=list(SERIES)), legend=legend())
    shape = alt.Shape("series:N", sort=names, scale=alt.Scale(domain=names), legend=legend())
    base = chart("measured").encode(x=dates(), y=values("value", SIZES), color=colour)
    width = alt.StrokeWidthValue(1.6, condition={"test": "datum.is_sum", "value": 3})
    layers = [
        *(_fan() if is_forecast else []),
        base.mark_line().encode(strokeWidth=width, detail=alt.Detail("series:N")),
        base.mark_point(filled=True, size=64, opacity=1).encode(shape=shape, tooltip=beside()),
    ]
    return layout(layers)


def _over_lines(words: alt.Chart) -> list[alt.Chart]:
    """Words with the paper around their letters, since they lie over lines."""
    return [words.encode(stroke=alt.StrokeValue(PAPER), strokeWidth=alt.StrokeWidthValue(3)), words]


def _coming(coming: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables of `_fan`; none where nothing is forecast."""
    return {"coming": coming, "middle": coming[coming.level == coming.level.min()]} if len(coming) else {}


def _fan() -> list[alt.Chart]:
    """Bands of all levels over each other, the darker the likelier, and the forecast itself in their middle."""
    bands = chart("coming").mark_area(**band(TEAL), clip=True)
    forecast = chart("middle").encode(x=dates(), y=values("value", SIZES))
    low, high = values("value_low", SIZES), alt.Y2("value_high:Q")
    return [
        bands.encode(x=dates(), y=low, y2=high, detail=alt.Detail("level:N")),
        forecast.mark_line(color=TEAL, strokeWidth=2, strokeDash=[5, 4], clip=True),
        forecast.mark_point(color=TEAL, size=64, opacity=1, fill=PAPER).encode(tooltip=beside()),
    ]


def risk(
    frame: pd.DataFrame, visits: pd.DataFrame, events: pd.DataFrame, high: float | None, title: str, span: Span
) -> Drawing:
    """Risk as steps that hold until the next visit or until the question was closed, with the model's uncertainty.

    `frame`: at, line, until (NaT: still holds), risk, risk_low, risk_high, words, a row per visit with a forecast, by
    date; `visits`: at, words; `events`: at, label: other weights that begin to speak, a question that was closed.
    `high`: the risk from which on a forecast counts as high.
    """
    middle = span.first + (span.last - span.first) / 2
    sides: tuple[Side, ...] = tuple("left" if at < middle else "right" for at in events["at"])
    given = {"risks": frame, "held": _held(frame, span.held), "visits": visits}
    given |= {"events": events.assign(number=range(len(events)))} if len(events) else {}
    given |= {} if high is None else {"high": pd.DataFrame({"risk": [high]})}
    return _dated(_risk(sides, high is not None), given, title, FRAME_PX + 210, span)


@cache
def _risk(sides: tuple[Side, ...], has_limit: bool) -> Layout:
    spread = chart("held").mark_area(interpolate="step-after", **band(TEAL), clip=True)
    line = chart("held").mark_line(interpolate="step-after", color=TEAL, strokeWidth=2.4, clip=True)
    points = chart("risks").mark_point(filled=True, color=TEAL, size=64, opacity=1)
    of_line = alt.Detail("line:N")
    layers = [
        spread.encode(x=dates(), y=values("risk_low", SHARE, percent=True), y2=alt.Y2("risk_high:Q"), detail=of_line),
        line.encode(x=dates(), y=values("risk", SHARE, percent=True), detail=of_line),
        _ticks(),
        *([chart("high").mark_rule(**DASHED).encode(y=values("risk", SHARE, percent=True))] if has_limit else []),
        *(_events(sides) if sides else []),
        points.encode(x=dates(), y=values("risk", SHARE, percent=True), tooltip=beside()),
    ]
    return layout(layers)


def _held(frame: pd.DataFrame, held: pd.Timestamp) -> pd.DataFrame:
    """The forecasts and, at the end of each line, its last one once more: it holds until something arrives."""
    last = frame.drop_duplicates("line", keep="last")
    return pd.concat([frame, last.assign(at=last.until.fillna(held))], ignore_index=True)


def _ticks() -> alt.Chart:
    """A tick for each visit, at the foot of a chart."""
    ticks = chart("visits").mark_tick(color=INK, thickness=2, height=12, orient="vertical", yOffset=-6)
    placed: alt.Chart = ticks.encode(x=dates(), y=alt.YDatum(0, type="quantitative"), tooltip=beside())
    return placed


def _events(sides: Sequence[Side]) -> list[alt.Chart]:
    """A rule for each event, and its words one under the other, on the side where there is room."""
    drawn = [chart("events").mark_rule(**DASHED).encode(x=dates())]
    for number, side in enumerate(sides):
        row = alt.YValue(2 + LINE_PX * number)  # type: ignore[no-untyped-call] # the only channel without types
        words = chart("events").transform_filter(f"datum.number == {number}").encode(x=dates(), y=row, text=LABEL)
        away = 5 if side == "left" else -5
        drawn.append(words.mark_text(align=side, dx=away, baseline="top", color=MUTED, fontSize=12))
    return drawn
