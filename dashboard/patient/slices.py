"""What a model says of slices in which nobody measured a lesion: a strip of probabilities for each scan, and words."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import altair as alt
import pandas as pd
import streamlit as st

from dashboard import wording
from dashboard.boxes.on_demand import on_demand
from dashboard.charts import FRAME_PX, Drawing, beside, finished, values
from dashboard.html_table import html_table
from dashboard.patient.case import PatientCase
from dashboard.patient.slice_maps import SliceMaps, gates, pictures, slice_maps
from dashboard.patient.verdicts import unbroken, written
from dashboard.queries import ViewReader
from dashboard.rows import rows_of
from dashboard.style import INK, TEAL, WORSE

SCANS_SHOWN = 3
"""The latest ones are seen at once, the others on demand."""
WIDE = 0.9
"""Of a bar: slices that follow each other can be told apart."""
SHARE = alt.Scale(domain=[0, 1])


class PresenceRow(NamedTuple):
    """What a model says of the slices of a scan, from the feet; `slice_number` speaks most for a tumour."""

    scan_uid: str
    acquired_at: pd.Timestamp
    risk: float
    risk_low: float
    risk_high: float
    model: str
    weights_version: str
    learned_from: int
    slices: Sequence[float]
    slice_number: int


def slices(source: ViewReader, case: PatientCase) -> None:
    """The strips of the latest scans that have one, and of all of them for whoever asks."""
    rows = rows_of(case.presence, PresenceRow)
    if not rows:
        return
    st.markdown("**What the slices look like**")
    everything = len(rows) > SCANS_SHOWN and st.toggle(f"Of all {len(rows)} scans", key="all-slices")
    shown = rows if everything else rows[:SCANS_SHOWN]
    maps = slice_maps(source, case, [row.scan_uid for row in shown])
    for number, row in enumerate(shown):
        _scan(number, row, maps.get(row.scan_uid), written(case.day(row.acquired_at)))


def _scan(number: int, row: PresenceRow, maps: SliceMaps | None, day: str) -> None:
    st.container(key=f"note-slices-{number}").text(unbroken(f"Scan of {day}. {' '.join(_sentences(row))}"))
    frame, title = probabilities(row), f"Tumour, slice by slice, scan of {day} (%)"
    strip(frame, title).show(f"slices-{number}", title)
    told = f"These slices as a table, scan of {day}"
    on_demand(told, f"slices-{number}", lambda: st.html(html_table(table(frame), title)))
    if maps is not None:
        pictures(maps, row.slice_number, day)
        gates(maps, f"gates-{number}", day)


def _sentences(row: PresenceRow) -> Iterator[str]:
    """What is said, of which slice most, and what it is and is not."""
    risk, interval = wording.percent(row.risk), wording.interval(row.risk_low, row.risk_high)
    yield f"Probability that this series looks like one with a tumour: {risk}."
    yield f"The model's members say {interval}: that is how far they differ, not how sure one can be."
    yield f"Slice {row.slice_number} of {len(row.slices)}, from the feet, speaks most for it."
    yield (
        f"Said by {row.model} {row.weights_version[:8]}, which learned from {row.learned_from} patients. "
        "How often such a probability is right elsewhere has not been shown. Nobody measured a lesion in this scan, "
        "and this is not a measurement."
    )


def probabilities(row: PresenceRow) -> pd.DataFrame:
    """The slices in their order: number, start, end, probability, most, words."""
    frame = pd.DataFrame({"number": range(1, len(row.slices) + 1), "probability": row.slices})
    words = [f"slice {one.number}: {wording.percent(one.probability)}" for one in frame.itertuples()]
    return frame.assign(
        start=frame.number - WIDE / 2, end=frame.number + WIDE / 2, most=frame.number == row.slice_number, words=words
    )


def strip(frame: pd.DataFrame, title: str) -> Drawing:
    """A bar for each slice, the one that speaks most marked by colour and by its number.

    `frame`: number, start, end, probability, most, words.
    """
    ends = [0.5, len(frame) + 0.5]
    axis = alt.Axis(title="slice, from the feet", format="d", tickMinStep=1, grid=False)
    x = alt.X("start:Q", scale=alt.Scale(domain=ends, nice=False), axis=axis)
    colour = alt.ColorValue(TEAL, condition={"test": "datum.most", "value": WORSE})
    base = alt.Chart(frame).encode(y=values("probability", SHARE, percent=True))
    bars = base.mark_rect().encode(x=x, x2=alt.X2("end:Q"), y2=alt.Y2Datum(0), color=colour, tooltip=beside())
    most = base.transform_filter("datum.most").mark_text(dy=-8, color=INK, fontSize=13)
    return finished([bars, most.encode(x=alt.X("number:Q"), text=alt.Text("number:Q"))], title, FRAME_PX + 120)


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """The same as text."""
    return pd.DataFrame(
        {
            "Slice, from the feet": frame.number,
            "Probability": [wording.percent(each) for each in frame.probability],
            "": ["speaks most for it" if each else "" for each in frame.most],
        }
    )
