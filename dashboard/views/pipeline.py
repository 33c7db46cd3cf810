"""Pipeline: how the service runs, what arrived, how far it came, and what needs a person."""

from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard import tables, wording
from dashboard.html_table import html_table
from dashboard.live import live
from dashboard.pipeline.running import running
from dashboard.queries import ViewReader
from dashboard.scan_search import scan_search
from dashboard.waiting_items import waiting_items
from stream.settings import standing_settings
from stream.storage.reading.pipeline import REFUSALS, SENDERS
from stream.vocabulary import Status

ON_THE_WAY = (Status.RECEIVING, Status.MEASURING, Status.WAITING, Status.APPLIED)
ENDED = (Status.SUPERSEDED, Status.REJECTED, Status.RETRACTED, Status.SET_ASIDE)


def pipeline(source: ViewReader) -> None:
    """The whole page."""
    service, senders, revisions = source.service(), source.read(SENDERS), source.revisions()
    st.title("Pipeline", anchor=False)
    _when(service)
    running(source, service, revisions)
    waiting_items(source, senders.sender.tolist())
    scan_search(source, senders.sender.tolist())
    _senders(senders, service.now)
    _refused(source.read(REFUSALS), service.now)
    _revisions(revisions)
    _files(service)
    _unused(source.unused_counts())
    _verified(service)


def _when(service: pd.Series) -> None:
    """When something last arrived and last moved: the first thing to look at when all seems quiet."""
    zone, now = standing_settings().zone, service.now
    arrived, folded, oldest = service.last_received_at, service.last_fold_at, service.oldest_waiting_at
    st.caption(
        ("No file has arrived yet. " if pd.isna(arrived) else f"Last file {_ago(arrived, now, zone)}. ")
        + ("No timeline has moved yet." if pd.isna(folded) else f"Last timeline moved {_ago(folded, now, zone)}.")
        + ("" if pd.isna(oldest) else f" Waiting longest: since {wording.moment(oldest, zone)}.")
        + f" All times: {zone.key}."
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


def _senders(senders: pd.DataFrame, now: pd.Timestamp) -> None:
    st.subheader("Who sends?", anchor=False)
    if senders.empty:
        st.caption("Nobody has sent a file yet.")
        return
    st.html(html_table(tables.sender_table(senders, now, standing_settings().zone), "Senders"))


def _refused(refusals: pd.DataFrame, now: pd.Timestamp) -> None:
    """Who knocks in vain is a sender that was set up wrong, or a stranger."""
    if refusals.empty:
        return
    table = tables.refusal_table(refusals, now, standing_settings().zone)
    st.html(html_table(table, "Not let in, the latest first"))
    st.caption("Who may send is said by `scanstream peers`.")


def _verified(service: pd.Series) -> None:
    """What the last check of the whole store found."""
    st.subheader("Is what is stored sound?", anchor=False)
    if pd.isna(service.verified_at):
        st.info("Never checked: run `scanstream verify`, every night with `--sample 5`.", icon=":material/help:")
        return
    when = _ago(service.verified_at, service.now, standing_settings().zone)
    of = "all rows" if service.verified_percent >= 100 else f"{service.verified_percent:g} % of the rows, by chance"
    if failed := list(service.verify_failed):
        st.error(f"Last checked {when}, {of}. These do not hold: {', '.join(failed)}.", icon=":material/error:")
    else:
        st.success(f"Last checked {when}, {of}: everything holds.", icon=":material/check_circle:")


def _unused(counts: pd.DataFrame) -> None:
    st.subheader("Received and not used", anchor=False)
    if counts.empty:
        st.caption("Everything that the scans hold is used.")
        return
    table = tables.unused_table(counts, "Scans", counts.scans.tolist())
    st.html(html_table(table, "In how many scans each was found; by scan it is in the view scanstream.unused"))


live(pipeline)
