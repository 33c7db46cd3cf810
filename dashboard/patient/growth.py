"""Growth maps of a patient's latest scan that has some: where each lesion may be, as a picture and in words."""

import base64
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.boxes.on_demand import on_demand
from dashboard.html_table import html_table
from dashboard.patient.case import PatientCase
from dashboard.patient.verdicts import unbroken, written
from dashboard.queries import ViewReader
from dashboard.rows import rows_of
from stream.png import png
from stream.storage.reading import patient_page

VOXELS, VOXEL_MM = 40, 2.0
"""Of a map, along each axis."""
ENLARGED = 4
LIKELY, UNLIKELY = 0.9, 0.1
NOTHING, POSSIBLE, DRAWN, SURE, LINE = 18, 70, 130, 190, 255
"""Greys of what is inside less than once in ten, at least once, as drawn, nine times, and of the last outline."""
BAR_MM, BAR_INSET, BAR_PIXELS = 10.0, 6, 2
ABOUT = (
    "The slice with most of the lesion to come, seen from the feet. White line: the last outline. Brightest grey: then "
    "inside with a chance of 90 % or more; middle: drawn as inside; darkest: 10 % or more. Bar: 10 mm. The lesion's "
    "own middle is the middle of each picture, so that two scans need not lie on each other."
)
_KEY = ["scan_uid", "revision", "lesion_uid", "horizon_days", "weights_version", "computed_at"]


class GrowthRow(NamedTuple):
    """A lesion some days after a scan; `outline` and `chance` as the view has them, volumes in ml."""

    scan_uid: str
    acquired_at: pd.Timestamp
    lesion_uid: str
    horizon_days: int
    volume_now: float
    volume: float
    volume_low: float
    volume_high: float
    drawn_from: float
    outline: bytes
    chance: bytes
    model: str
    weights_version: str


def growth(source: ViewReader, case: PatientCase) -> None:
    """The maps of the latest scan that has some; nothing where no weights draw any, or the patient has died."""
    rows = latest_growth(source, case)
    if not rows:
        return
    day, labels = written(case.day(rows[0].acquired_at)), case.labels
    st.markdown("**Where lesions may be**")
    st.container(key="note-growth").text(unbroken(f"From the scan of {day}. {said_by(rows[0], case)}"))
    figures = "".join(_figure(row, labels, case) for row in rows)
    st.html(f'<div class="slices"><section><div>{figures}</div></section></div>')
    st.caption(ABOUT)
    told = f"Volumes to come, scan of {day}"
    on_demand("Growth maps as a table", "growth", lambda: st.html(html_table(table(rows, labels, case), told)))


def latest_growth(source: ViewReader, case: PatientCase) -> list[GrowthRow]:
    """The maps of the latest scan that has some; none where no weights draw any, or the patient has died."""
    if case.growth.empty or case.died_at is not None:
        return []
    latest = case.growth[case.growth.scan_uid == case.growth.scan_uid.iloc[0]]
    scan = latest.scan_uid.iloc[0]
    pictures = source.read(patient_page.GROWTH_PICTURES, patient=case.patient, scan=scan)
    return rows_of(latest.merge(pictures, on=_KEY), GrowthRow)


def said_by(row: GrowthRow, case: PatientCase) -> str:
    """Whose maps these are, and what these weights ever saw."""
    cards = case.cards[case.cards.weights_version == row.weights_version].card
    learned = [card["training_data"]["learned_from"] for card in cards]
    return " ".join([f"Drawn by {row.model} {row.weights_version[:8]}.", *learned, "Not for decisions."])


def _figure(row: GrowthRow, labels: Mapping[str, str], case: PatientCase) -> str:
    name, *others = words = list(in_words(row, labels, case))
    side = VOXELS * ENLARGED
    data = base64.b64encode(png(picture(row))).decode()
    alt = f"Growth map. {', '.join(words)}."
    image = f'<img src="data:image/png;base64,{data}" width="{side}" height="{side}" alt="{escape(alt)}">'
    caption = "<br>".join(map(escape, others))
    return f"<figure>{image}<figcaption><b>{escape(name)}</b><br>{caption}</figcaption></figure>"


def in_words(row: GrowthRow, labels: Mapping[str, str], case: PatientCase) -> Iterator[str]:
    """Which lesion, when, and how large it may be."""
    yield f"{labels.get(row.lesion_uid, 'Lesion')}, in {row.horizon_days // 7} weeks"
    yield f"on {written(case.day(row.acquired_at + pd.Timedelta(days=row.horizon_days)))}"
    yield f"volume {row.volume:.1f} ml, 90 % interval {row.volume_low:.1f} to {row.volume_high:.1f}"
    yield f"now {row.volume_now:.1f} ml"


def table(rows: list[GrowthRow], labels: Mapping[str, str], case: PatientCase) -> pd.DataFrame:
    """The same as text."""
    columns = ["Lesion", "On", "Volume to come", "Volume now"]
    cells: list[list[Any]] = [[*in_words(row, labels, case)] for row in rows]
    return pd.DataFrame(cells, columns=columns)


def picture(row: GrowthRow) -> np.ndarray:
    """Grey values (rows, columns) uint8 of the slice in which most of the lesion is to be expected."""
    chance = np.frombuffer(row.chance, np.uint8).reshape((VOXELS,) * 3) / 255
    inside = np.unpackbits(np.frombuffer(row.outline, np.uint8)).astype(bool).reshape((VOXELS,) * 3)
    level = int(chance.sum(axis=(1, 2)).argmax())
    shares = _enlarged(chance[level])
    greys = np.full(shares.shape, NOTHING, np.uint8)
    for least, grey in ((UNLIKELY, POSSIBLE), (row.drawn_from, DRAWN), (LIKELY, SURE)):
        greys[shares >= least] = grey
    greys[_edge(_enlarged(inside[level].astype(float)) >= 0.5)] = LINE
    bar = round(BAR_MM / VOXEL_MM * ENLARGED)
    greys[-BAR_INSET - BAR_PIXELS : -BAR_INSET, BAR_INSET : BAR_INSET + bar] = LINE
    return greys


def _enlarged(values: np.ndarray) -> np.ndarray:
    """ENLARGED times as many rows and columns, linear between voxels."""
    places = (np.arange(VOXELS * ENLARGED) + 0.5) / ENLARGED - 0.5
    rows = np.stack([np.interp(places, np.arange(VOXELS), column) for column in values.T], axis=1)
    return np.stack([np.interp(places, np.arange(VOXELS), row) for row in rows])


def _edge(inside: np.ndarray) -> np.ndarray:
    """The pixels of what is inside that have a neighbour outside."""
    around = np.pad(inside, 1)
    within = around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    edge: np.ndarray = inside & ~within
    return edge
