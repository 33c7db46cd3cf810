"""What an encoder saw of each scan, in words: the modalities that it read, and why another was masked."""

from typing import NamedTuple

import streamlit as st

from dashboard.patient.case import PatientCase
from dashboard.patient.verdicts import listed, written
from dashboard.rows import rows_of
from stream.hindrances import SAYS

ABOUT = (
    "An encoder makes a few numbers of the pixels of a series; by themselves they mean nothing, and only models that "
    "were taught with them see them. A masked modality changes nothing for the others."
)


class EncodedRow(NamedTuple):
    """What became of the series of one modality of a scan."""

    scan_uid: str
    modality: str
    encoder: str
    weights_version: str
    slices: float | None
    masked_because: str | None


def sentences(case: PatientCase) -> list[str]:
    """One for each scan that an encoder was asked about, the latest first."""
    scans = case.encoded.groupby("scan_uid", sort=False)
    return [_sentence(written(case.day(rows.acquired_at.iloc[0])), rows_of(rows, EncodedRow)) for _, rows in scans]


def encoded(case: PatientCase) -> None:
    """These sentences, and what they are about."""
    for number, sentence in enumerate(sentences(case)):
        st.container(key=f"note-encoded-{number}").text(sentence)
    st.caption(ABOUT)


def _sentence(day: str, rows: list[EncodedRow]) -> str:
    read = [f"{row.modality} ({row.slices:.0f} slices)" for row in rows if row.masked_because is None]
    masked = "".join(f" {row.modality} was masked: {_why(row.masked_because)}." for row in rows if row.masked_because)
    by = f"{rows[0].encoder} {rows[0].weights_version[:8]}"
    return f"Scan of {day}. The encoder ({by}) saw {listed(read) or 'nothing'}.{masked}"


def _why(codes: str) -> str:
    """What codes say; one that this program does not know stands as it is."""
    return "; ".join(SAYS.get(code, code) for code in codes.split(", "))
