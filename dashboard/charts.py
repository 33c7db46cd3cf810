"""What is drawn: real dates, steps instead of slopes, gaps left open, colours that everyone can tell apart."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import altair as alt
import pandas as pd
import pyarrow as pa
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.style import BETTER, INK, MUTED, NEUTRAL, PANEL, PAPER, RULE, TEAL, WORSE

alt.utils.schemapi.disable_debug_mode()  # else each part is checked on its own too, while a reader waits
AXIS_PX = 54
"""Room for the labels of every y axis, so that the dates of charts above each other are in line."""
FRAME_PX = 62
"""Height of title and dates of a chart; Streamlit counts them in."""
HOLDS_DAYS = 60
"""A forecast holds until something arrives: the last step is drawn on for as long as a usual interval of scans."""
LABEL_PX = 38
"""Room beside a bar for its value, on a screen however small."""
LEGEND_COLUMNS, LEGEND_ROW_PX = 2, 20
"""As many names beside each other as a telephone has room for."""
SIZES = alt.Scale(zero=True, nice=True)
FONT = '"Source Sans", "Source Sans Pro", sans-serif'
TITLE = {"anchor": "start", "color": INK, "fontSize": 14, "fontWeight": 600, "font": FONT, "offset": 10}
CONFIG = alt.Config(
    font=FONT,
    background=PAPER,
    axis=alt.AxisConfig(
        labelColor=MUTED,
        labelFontSize=12,
        titleColor=MUTED,
        titleFontWeight="normal",
        titleFontSize=12,
        gridColor=PANEL,
        tickColor=RULE,
        domainColor=RULE,
    ),
    legend=alt.LegendConfig(labelColor=INK, labelFontSize=13),
    view=alt.ViewConfig(strokeWidth=0),
).to_dict()

Layout = list[dict[str, Any]]
"""The layers of a chart as a browser draws them, with a hole for each table and for whatever else differs."""


class Drawing(NamedTuple):
    """A finished chart: what a browser draws, and by the names that it has in there each table, as Arrow.

    Tests check it against the schema of Vega-Lite: a reader would wait for that.
    """

    spec: dict[str, Any]
    tables: dict[str, bytes]

    def show(self, key: str, words: str, place: DeltaGenerator | None = None) -> None:
        """Draw it, on the page or in `place`; `words` say what it is to those who do not see it."""
        spec = {**self.spec, "datasets": self.tables}
        (place or st).vega_lite_chart(spec=spec, theme=None, key=key, alt=words)


class Span(NamedTuple):
    """First and last date of all charts of a patient; what goes on is drawn as far as `held`, forecasts to the last."""

    first: pd.Timestamp
    last: pd.Timestamp
    held: pd.Timestamp


def parts(frame: pd.DataFrame, title: str) -> Drawing:
    """Parts of a change of risk as signed bars, in their order; `frame`: part, points, label, trend, words."""
    reach = max(1.0, frame.points.abs().max())
    given = {"parts": frame, "order": list(frame.part), "ends": [-reach, reach]}
    return filled(_parts(), given, title, FRAME_PX + 30 * len(frame))


@cache
def _parts() -> Layout:
    trends = alt.Scale(domain=["worse", "better", "unchanged"], range=[WORSE, BETTER, NEUTRAL])
    names = alt.Axis(title=None, labelLimit=420, labelFontSize=13, labelColor=INK, ticks=False, domain=False)
    base = chart("parts").encode(
        x=alt.X(
            "points:Q",
            scale=alt.Scale(domain=hole("ends"), padding=LABEL_PX),
            axis=alt.Axis(title=None, tickCount=5),
        ),
        y=alt.Y("part:N", sort=hole("order"), axis=names),
        tooltip=beside(),
    )
    bars = base.mark_bar(height=16).encode(color=alt.Color("trend:N", scale=trends, legend=None))
    zero = alt.Chart().mark_rule(color=MUTED).encode(x=alt.XDatum(0, type="quantitative"))
    rising = base.transform_filter("datum.points >= 0").mark_text(align="left", dx=5, color=INK, fontSize=13)
    falling = base.transform_filter("datum.points < 0").mark_text(align="right", dx=-5, color=INK, fontSize=13)
    label = alt.Text("label:N")
    return layout([bars, zero, rising.encode(text=label), falling.encode(text=label)])


def calibration(frame: pd.DataFrame, title: str) -> Drawing:
    """Observed share by mean risk with intervals, beside the line on which risks mean what they say.

    `frame`: expected, observed, low, high, words, a row per tenth of the risks.
    """
    share = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", tickCount=5, title="forecast", grid=False)
    x = alt.X("expected:Q", scale=share, axis=axis)
    base = alt.Chart(frame).encode(x=x)
    ideal = alt.Chart(pd.DataFrame({"expected": [0.0, 1.0], "observed": [0.0, 1.0]}))
    points = base.mark_point(filled=True, color=TEAL, size=64, opacity=1)
    layers = [
        ideal.mark_line(color=MUTED, strokeDash=[5, 4]).encode(x=x, y=values("observed", share, percent=True)),
        base.mark_rule(color=TEAL, strokeWidth=1.5).encode(y=values("low", share, percent=True), y2=alt.Y2("high:Q")),
        points.encode(y=values("observed", share, percent=True), tooltip=beside()),
    ]
    return finished(layers, title, FRAME_PX + 180)


def span(dates: pd.Series, coming: pd.Series, last_scan: pd.Timestamp, today: pd.Timestamp) -> Span:
    """All `dates`, the last risk held for a while, and the `coming` days of sizes, with a little air on both sides."""
    held = max(dates.max(), min(today, last_scan + pd.Timedelta(days=HOLDS_DAYS)))
    last = max([held, *coming])
    air = max((last - dates.min()) * 0.02, pd.Timedelta(days=2))
    return Span((dates.min() - air).normalize(), (last + air).normalize(), (held + air).normalize())


def dates(name: str = "at") -> alt.X:
    """The axis of days that all charts of a patient share, from `first` to `last`."""
    axis = alt.Axis(
        format="%Y-%m-%d", labelAngle=0, tickCount=8, title=None, grid=False, labelOverlap="greedy", labelBound=10
    )
    return alt.X(f"{name}:T", scale=alt.Scale(domain=[hole("first"), hole("last")]), axis=axis)


def values(name: str, scale: alt.Scale, percent: bool = False) -> alt.Y:
    """An axis of values, as wide as every other."""
    axis = alt.Axis(
        title=None, format=".0%" if percent else "~f", tickCount=5, minExtent=AXIS_PX, maxExtent=AXIS_PX, domain=False
    )
    return alt.Y(f"{name}:Q", scale=scale, axis=axis)


def legend() -> alt.Legend:
    """Names of series above a chart."""
    return alt.Legend(orient="top", title=None, labelLimit=150, symbolSize=90, columns=LEGEND_COLUMNS)


def band(colour: str) -> dict[str, Any]:
    """How an interval is filled: pale, within an outline that can be told from the paper."""
    return {"color": colour, "fillOpacity": 0.16, "stroke": colour, "strokeWidth": 0.8}


def beside() -> alt.Tooltip:
    """The column `words`, beside the pointer."""
    return alt.Tooltip("words:N", title=" ")


def finished(layers: Sequence[alt.Chart], title: str, height: int) -> Drawing:
    """`layers` from the bottom up as one chart with title and height (px), in the type and colours of the pages.

    Layers of one table share it. Altair is asked for each layer alone: as parts of one chart it would copy them all.
    """
    tables = {id(layer.data): layer.data for layer in layers if isinstance(layer.data, pd.DataFrame)}
    named = {number: _as_arrow(table) for number, table in tables.items()}
    return _drawing([_drawn(layer, named.get(id(layer.data))) for layer in layers], named.values(), title, height)


def chart(table: str) -> alt.Chart:
    """A layer of a layout, over a table that is given later by this name."""
    return alt.Chart(alt.NamedData(hole(table)))


def hole(name: str) -> Any:
    """What stands in a layout for something that is given later."""
    return f"<{name}>"


def layout(layers: Sequence[alt.Chart]) -> Layout:
    """`layers` from the bottom up, with holes: Altair takes longer than all else, so that it is asked once."""
    return [_as_dict(layer) for layer in layers]


def filled(layers: Layout, given: Mapping[str, Any], title: str, height: int) -> Drawing:
    """The chart of a layout, as of `finished`; `given`: by the name of each hole what comes there."""
    tables = {name: _as_arrow(value) for name, value in given.items() if isinstance(value, pd.DataFrame)}
    values = {hole(name): tables[name][0] if name in tables else value for name, value in given.items()}
    return _drawing(_filled(layers, values), tables.values(), title, height)


def _filled(node: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(node, dict):
        return {name: _filled(value, values) for name, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, values) for value in node]
    return values.get(node, node) if isinstance(node, str) else node


def _drawing(layers: Layout, tables: Iterable[tuple[str, bytes]], title: str, height: int) -> Drawing:
    spec = {"layer": layers, "height": height, "title": {"text": title, **TITLE}, "config": CONFIG}
    return Drawing(spec, dict(tables))


def _drawn(layer: alt.Chart, table: tuple[str, bytes] | None) -> dict[str, Any]:
    if table is None:
        return _as_dict(layer)
    layer.data = alt.Undefined
    return {**_as_dict(layer), "data": {"name": table[0]}}


def _as_dict(layer: alt.Chart) -> dict[str, Any]:
    drawn: dict[str, Any] = layer.to_dict(validate=False, context={"top_level": False, "pre_transform": False})
    return drawn


def _as_arrow(table: pd.DataFrame) -> tuple[str, bytes]:
    """A table and its name, which is another one when anything in it is."""
    arrow, stream = pa.Table.from_pandas(table, preserve_index=False), pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, arrow.schema) as writer:
        writer.write_table(arrow)
    content = stream.getvalue().to_pybytes()
    return hashlib.sha256(content).hexdigest(), content
