"""Key slices of a patient's scans: each lesion as a small picture, with what was measured of it in words."""

import base64
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

import pandas as pd
import streamlit as st

from dashboard.patient.case import PatientCase
from dashboard.patient.verdicts import written
from dashboard.queries import ViewReader
from dashboard.rows import rows_of
from stream.storage.reading import patient_page

SCANS_SHOWN = 3
"""The latest ones are seen at once, the others on demand."""
WIDEST_PX = 192
COUNTED_FROM = {"axial": "the feet", "coronal": "the front", "sagittal": "the right"}
ABOUT = (
    "The slice that shows most of each of the largest lesions of a scan. Bright line: around what was segmented. "
    "Bar: 10 mm; pictures of one lesion have one scale. A picture to know the lesion by, not to read the scan from."
)
_REVISION = ["scan_uid", "revision"]
_KEY = [*_REVISION, "lesion_uid"]


class KeySliceRow(NamedTuple):
    """A lesion in a scan, with its picture as PNG."""

    scan_uid: str
    acquired_at: pd.Timestamp
    lesion_uid: str
    lesion_label: str | None
    volume_ml: float | None
    longest_diameter_mm: float | None
    view: str
    slice_number: int
    slices: int
    width: int
    height: int
    shown_px: int
    png: bytes
    outlined_by: str | None


def key_slices(source: ViewReader, case: PatientCase) -> None:
    """The pictures of the latest scans that have some, and of all of them for whoever asks."""
    scans = _scans(case)
    if not scans:
        return
    st.markdown("**Key slices**")
    everything = len(scans) > SCANS_SHOWN and st.toggle(f"Of all {len(scans)} scans", key="all-key-slices")
    shown = scans if everything else scans[:SCANS_SHOWN]
    rows = _rows(source, case, shown)
    told = "".join(_scan([row for row in rows if row.scan_uid == scan], case) for scan in shown)
    st.html(f'<div class="slices">{told}</div>')
    st.caption(ABOUT)


def latest_key_slices(source: ViewReader, case: PatientCase) -> list[KeySliceRow]:
    """The pictures of the latest scan that has some, the largest lesion first."""
    scans = _scans(case)
    return _rows(source, case, scans[:1]) if scans else []


def _standing(case: PatientCase) -> pd.DataFrame:
    """Of the revisions that count."""
    return case.key_slices.merge(case.values[_REVISION].drop_duplicates())


def _scans(case: PatientCase) -> list[str]:
    return list(_standing(case).scan_uid.unique())


def _rows(source: ViewReader, case: PatientCase, scans: list[str]) -> list[KeySliceRow]:
    pictures = source.read(patient_page.KEY_SLICES, patient=case.patient, scans=scans)
    return rows_of(_at_one_scale(_standing(case).merge(pictures, on=_KEY)), KeySliceRow)


def _at_one_scale(frame: pd.DataFrame) -> pd.DataFrame:
    """With the width of each picture on the page: those of one lesion show a millimetre alike, the widest fills it."""
    reach_mm = frame[["width", "height"]].max(axis=1) * frame.mm_per_pixel
    px_per_mm = WIDEST_PX / reach_mm.groupby(frame.lesion_uid).transform("max")
    return frame.assign(shown_px=(frame.width * frame.mm_per_pixel * px_per_mm).round().astype(int))


def _scan(rows: list[KeySliceRow], case: PatientCase) -> str:
    """The lesions of one scan beside each other, the largest first."""
    day = written(case.day(rows[0].acquired_at))
    figures = "".join(_figure(row, day) for row in rows)
    return f"<section><h4>Scan of {escape(day)}</h4><div>{figures}</div></section>"


def _figure(row: KeySliceRow, day: str) -> str:
    name, *others = words = list(in_words(row))
    alt = f"{', '.join(words)}. Scan of {day}; the lesion is outlined."
    height = round(row.shown_px * row.height / row.width)
    data = base64.b64encode(row.png).decode()
    image = f'<img src="data:image/png;base64,{data}" width="{row.shown_px}" height="{height}" alt="{escape(alt)}">'
    caption = "<br>".join(map(escape, others))
    return f"<figure>{image}<figcaption><b>{escape(name)}</b><br>{caption}</figcaption></figure>"


def in_words(row: KeySliceRow) -> Iterator[str]:
    """What it is, what was measured of it, and where the slice is."""
    yield row.lesion_label or "Lesion"
    sizes = ((row.volume_ml, "volume {:.3g} ml"), (row.longest_diameter_mm, "longest diameter {:.0f} mm"))
    yield from (text.format(value) for value, text in sizes if not pd.isna(value))
    if row.outlined_by is not None:
        yield f"outlined by {row.outlined_by}, by no person"
    yield f"{row.view} slice {row.slice_number} of {row.slices}, from {COUNTED_FROM[row.view]}"
