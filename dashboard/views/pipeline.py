"""Pipeline: what arrived, how far it came, and what needs a person."""

from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard import tables, wording
from dashboard.live import live
from dashboard.queries import SCANS_SHOWN, ViewReader
from dashboard.rows import SetAsideRow, rows_of
from stream.settings import load_settings
from stream.vocabulary import Status

ON_THE_WAY = (Status.RECEIVING, Status.MEASURING, Status.WAITING, Status.APPLIED)
ENDED = (Status.SUPERSEDED, Status.REJECTED, Status.RETRACTED, Status.SET_ASIDE)


def pipeline(source: ViewReader) -> None:
    """The whole page."""
    service, revisions, items, scans = source.service(), source.revisions(), source.set_aside(), source.latest_scans()
    st.title("Pipeline", anchor=False)
    _when(service)
    _files(service)
    _revisions(revisions)
    _set_aside(items)
    _latest(scans)
    _unused(source.unused_counts())


def _when(service: pd.Series) -> None:
    """When something last arrived and last moved: the first thing to look at when all seems quiet."""
    zone, now = load_settings().zone, service.now
    arrived, folded = service.last_received_at, service.last_fold_at
    st.caption(
        ("No file has arrived yet. " if pd.isna(arrived) else f"Last file {_ago(arrived, now, zone)}. ")
        + ("No timeline has moved yet." if pd.isna(folded) else f"Last timeline moved {_ago(folded, now, zone)}.")
    )


def _ago(at: pd.Timestamp, now: pd.Timestamp, zone: ZoneInfo) -> str:
    return f"{wording.age(at, now)} ({wording.moment(at, zone)})"


def _files(service: pd.Series) -> None:
    st.subheader("Files from senders", anchor=False)
    tiles = (
        ("Accepted", service.accepted, "new, kept"),
        ("Duplicate", service.duplicate, "the same content again"),
        ("Set aside", service.set_aside, "kept, not processed"),
        ("Pending", service.pending, "accepted, not at an end yet"),
    )
    for cell, (title, count, words) in zip(st.columns(4), tiles, strict=True):
        cell.metric(title, f"{count:,}", delta_description=words, border=True)


def _revisions(revisions: dict[str, int]) -> None:
    st.subheader("Scan revisions by status", anchor=False)
    for row in (ON_THE_WAY, ENDED):
        for cell, status in zip(st.columns(4), row, strict=True):
            title, words = wording.STATUSES[status]
            cell.metric(title, f"{revisions.get(status, 0):,}", delta_description=words, border=True)


def _set_aside(items: pd.DataFrame) -> None:
    st.subheader("Set aside", anchor=False)
    if items.empty:
        st.success("Nothing is set aside.", icon=":material/check_circle:")
        return
    st.caption(f"{items.undecided.iloc[0]} without a decision. The files are kept as they came.")
    for row in rows_of(items, SetAsideRow):
        with st.container(key=f"row-{row.item_id}"):
            _item(row)


def _item(row: SetAsideRow) -> None:
    title, cure = wording.REASONS.get(row.reason_code, (row.reason_code, "Look at the reason."))
    what, why, when = st.columns((1.6, 4, 1.4))
    many = f" · {row.files} files" if row.files > 1 else ""
    what.markdown(f"**{title}**  \n:gray[`{row.reason_code}`{many}]")
    why.text(row.reason)
    why.caption(cure)
    decision = row.decision or "undecided"
    when.markdown(f"{wording.moment(row.set_aside_at, load_settings().zone)}  \n:gray[{decision}]")


def _latest(scans: pd.DataFrame) -> None:
    st.subheader("Latest scans", anchor=False)
    if scans.empty:
        st.info("No scan has arrived yet. The worklist says how to send one.", icon=":material/inbox:")
        return
    st.dataframe(tables.scan_table(scans, load_settings().zone), hide_index=True, column_config=tables.SCAN_COLUMNS)
    if len(scans) == SCANS_SHOWN:
        st.caption(f"The newest {SCANS_SHOWN}; all are in the view scanstream.scan_status.")


def _unused(counts: pd.DataFrame) -> None:
    st.subheader("Received and not used", anchor=False)
    if counts.empty:
        st.caption("Everything that the scans hold is used.")
        return
    st.dataframe(tables.unused_table(counts, "Scans", counts.scans.tolist()), hide_index=True, key="unused")
    st.caption("In how many scans each was found; by scan it is in the view scanstream.unused.")


live(pipeline)
