"""A figure to take along, as SVG: what is drawn, without what a page knows of each mark beside it."""

from typing import Any

import pyarrow as pa
import streamlit as st
import vl_convert
from streamlit.delta_generator import DeltaGenerator

from dashboard.charts import Drawing

WIDTH_PX = 900
"""As wide as on a page of 1440 px: what is saved does not depend on whose screen it was on."""
ON_PAGES_ONLY = ("href", "tooltip", "url", "words")
"""What leads to a patient, or names one beside the pointer: a figure goes into slides and papers."""


def svg(drawing: Drawing) -> bytes:
    """The figure as SVG. Nothing is fetched for it, and no program in it can run."""
    tables = {name: _rows(table) for name, table in drawing.tables.items()}
    config = {**drawing.spec["config"], "aria": False}  # it would read every mark aloud, with the name it is told by
    spec = {**drawing.spec, "config": config, "width": WIDTH_PX, "datasets": tables}
    drawn: str = vl_convert.vegalite_to_svg(_without(spec), vl_version="6.4", allowed_base_urls=[])
    return drawn.encode()


def offer_svg(drawing: Drawing, name: str, place: DeltaGenerator | None = None) -> None:
    """A button that saves the figure under its name, drawn when somebody asks for it."""
    file = f"{name.lower().replace(' ', '-')}.svg"
    (place or st).download_button(
        "Figure as SVG",
        lambda: svg(drawing),
        file,
        "image/svg+xml",
        key=file,
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def _rows(table: bytes) -> list[dict[str, Any]]:
    with pa.ipc.open_stream(table) as stream:
        rows: list[dict[str, Any]] = stream.read_all().to_pylist()
    return rows


def _without(node: Any) -> Any:
    """All of a chart but what is for pages only."""
    if isinstance(node, dict):
        return {name: _without(value) for name, value in node.items() if name not in ON_PAGES_ONLY}
    return [_without(value) for value in node] if isinstance(node, list) else node
