"""A finished chart as tests look at it: its specification, which must be one, and the rows of its tables."""

from typing import Any

import altair as alt
import pyarrow as pa

from dashboard.charts import Drawing


def checked(chart: Drawing) -> dict[str, Any]:
    """What the browser draws; raises where that is no Vega-Lite."""
    alt.LayerChart.from_dict(chart.spec, validate=True)
    return chart.spec


def of_mark(chart: Drawing, kind: str) -> list[dict[str, Any]]:
    """The layers with this mark, from the bottom up."""
    return [layer for layer in checked(chart)["layer"] if layer["mark"]["type"] == kind]


def values(chart: Drawing, layer: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that a layer draws."""
    with pa.ipc.open_stream(chart.tables[layer["data"]["name"]]) as stream:
        rows: list[dict[str, Any]] = stream.read_all().to_pylist()
    return rows
