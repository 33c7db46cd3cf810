"""The slice that speaks most for a tumour, and which parts of it count: pictures, and gates along the slices."""

import base64
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from dashboard.boxes.on_demand import on_demand
from dashboard.charts import FRAME_PX, Drawing, beside, finished, values
from dashboard.html_table import html_table
from dashboard.patient.case import PatientCase
from dashboard.queries import ViewReader
from dashboard.rows import rows_of
from dashboard.style import SERIES
from stream.png import pixels, png
from stream.storage.reading import patient_page

ENLARGED = 2
DIM = 0.45
"""Of what does not count, beside what counts most."""
BRIGHTEST = 99.5
"""The percentile of a slice that is shown white: of what the model sees, fat is the brightest."""
COUNTS = 0.5
"""From which share of the most on a part is lined."""
LINE = 255
PICTURES = {"picture": "as the model saw it", "occlusion": "covered piece by piece", "gradient": "pixel by pixel"}
ABOUT = (
    "Bright and lined: what counts at least half as much as what counts most. Covered piece by piece: where a square "
    "of brain in its place lowers the probability. Pixel by pixel: where the probability changes most with the grey "
    "value; such a map looks half like that of a network which has learned nothing, and says less. By two members."
)
GATES = ("let in", "kept", "shown", "remembered")
GATES_SAID = (
    "Read from the feet by the first layer of one member: how much of what a slice shows is let in, how much of what "
    "was known before is kept, how much is shown, each from 0 to 1, and how much is remembered, beside the most."
)


class SliceMaps(NamedTuple):
    """The slice and its maps as PNG, and the gates (4, D); None where none are kept."""

    scan_uid: str
    revision: int
    picture: bytes | None
    occlusion: bytes | None
    gradient: bytes | None
    gates: Sequence[Sequence[float]] | None


def slice_maps(source: ViewReader, case: PatientCase, scans: Sequence[str]) -> dict[str, SliceMaps]:
    """What is kept of these scans, by scan; of the revision that the page shows."""
    rows = source.read(patient_page.SLICE_MAPS, patient=case.patient, scans=list(scans))
    shown = rows.merge(case.presence[["scan_uid", "revision"]])
    return {row.scan_uid: row for row in rows_of(shown, SliceMaps)}


def pictures(maps: SliceMaps, number: int, day: str) -> None:
    """The slice of that number beside itself as each map lights it."""
    if maps.picture is None or maps.occlusion is None or maps.gradient is None:
        return
    grey = _brightened(pixels(maps.picture))
    figures = [_figure(grey, number, day, "picture")]
    figures += [
        _figure(lit(grey, pixels(getattr(maps, name))), number, day, name) for name in ("occlusion", "gradient")
    ]
    st.html(f'<div class="slices"><section><div>{"".join(figures)}</div></section></div>')
    st.caption(ABOUT)


def _figure(grey: np.ndarray, number: int, day: str, name: str) -> str:
    data = base64.b64encode(png(_enlarged(grey))).decode()
    side, alt_text = grey.shape[0] * ENLARGED, f"Slice {number} of the scan of {day}, {PICTURES[name]}."
    image = f'<img src="data:image/png;base64,{data}" width="{side}" height="{side}" alt="{escape(alt_text)}">'
    return f"<figure>{image}<figcaption><b>Slice {number}</b><br>{PICTURES[name]}</figcaption></figure>"


def lit(grey: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """A picture (rows, columns) uint8 that is dim where nothing counts, with a line around what counts most."""
    shares = counts / 255
    lighted = np.round(grey * (DIM + (1 - DIM) * shares)).astype(np.uint8)
    inside = shares >= COUNTS
    around = np.pad(inside, 1)
    near = around[:-2, 1:-1] | around[2:, 1:-1] | around[1:-1, :-2] | around[1:-1, 2:]
    lighted[near & ~inside] = LINE
    return lighted


def _brightened(grey: np.ndarray) -> np.ndarray:
    white = max(float(np.percentile(grey, BRIGHTEST)), 1.0)
    brighter: np.ndarray = np.clip(np.round(grey * (255 / white)), 0, 255).astype(np.uint8)
    return brighter


def _enlarged(grey: np.ndarray) -> np.ndarray:
    larger: np.ndarray = np.repeat(np.repeat(grey, ENLARGED, axis=0), ENLARGED, axis=1)
    return larger


def gates(maps: SliceMaps, key: str, day: str) -> None:
    """What the network let in, kept, showed and remembered on its way up the slices."""
    if maps.gates is None:
        return
    title, rows = f"Gates along the slices, scan of {day}", maps.gates
    on_demand(title, key, lambda: _gates(rows, key, title))


def _gates(rows: Sequence[Sequence[float]], key: str, title: str) -> None:
    frame = gate_frame(rows)
    gate_chart(frame, title).show(key, title)
    st.caption(GATES_SAID)
    wide = frame.pivot_table(index="number", columns="series", values="value", sort=False).reset_index()
    wide = wide.rename(columns={"number": "Slice, from the feet"}).astype({"Slice, from the feet": int})
    st.html(html_table(wide.map(lambda each: f"{each:.2f}" if isinstance(each, float) else each), title))


def gate_frame(rows: Sequence[Sequence[float]]) -> pd.DataFrame:
    """A row for each gate and slice: number, series, value, words; what is remembered beside its most."""
    *opened, remembered = rows
    most = max(*remembered, 1e-9)
    rows = [*opened, [each / most for each in remembered]]
    told = [(at, name, value) for name, row in zip(GATES, rows, strict=True) for at, value in enumerate(row, start=1)]
    frame = pd.DataFrame(told, columns=["number", "series", "value"])
    words = [f"slice {row.number}, {row.series}: {row.value:.2f}" for row in frame.itertuples()]
    return frame.assign(words=words)


def gate_chart(frame: pd.DataFrame, title: str) -> Drawing:
    """A line for each gate along the slices."""
    axis = alt.Axis(title="slice, from the feet", format="d", tickMinStep=1, grid=False)
    along = alt.Scale(domain=[0.5, frame.number.max() + 0.5], nice=False)
    scale = alt.Scale(domain=list(GATES), range=list(SERIES[: len(GATES)]))
    lines = (
        alt.Chart(frame)
        .mark_line(point=True)
        .encode(
            x=alt.X("number:Q", scale=along, axis=axis),
            y=values("value", alt.Scale(domain=[0, 1])),
            color=alt.Color("series:N", scale=scale, legend=alt.Legend(title=None, orient="top")),
            shape=alt.Shape("series:N", scale=alt.Scale(domain=list(GATES)), legend=None),
            tooltip=beside(),
        )
    )
    return finished([lines], title, FRAME_PX + 120)
