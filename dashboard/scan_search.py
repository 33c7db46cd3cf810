"""Where is my scan? The search on the page Pipeline, and the hops of one scan."""

import datetime as dt
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import tables, wording
from dashboard.boxes.links import links_lead_on
from dashboard.html_table import html_table
from dashboard.queries import ViewReader
from stream.settings import standing_settings
from stream.storage.reading import pipeline

ROWS_PER_PAGE = 25
ALL = "All"
NEWEST, OLDEST = "Newest first", "Oldest first"
MODALITIES = ("CT", "MR", "PT", "MG", "US", "SR", "SEG", "KO", "RTSTRUCT", "REG")
HELP = (
    "The pseudonym of a patient or a scan, or a part of it. Hospital IDs lie in the vault, which this page does not "
    "see: `scanstream risk ID` tells the pseudonym of a hospital's ID."
)


def scan_search(source: ViewReader, senders: list[str]) -> None:
    """The whole section; everything that is asked is in the address."""
    st.subheader("Where is my scan?", anchor=False)
    asked = _asked(senders)
    number = _page()
    query = pipeline.scans(asked.keys(), st.session_state.order == OLDEST)
    found = source.read(query, **asked, limit=ROWS_PER_PAGE, first=(number - 1) * ROWS_PER_PAGE)
    if found.empty:
        _nothing(source, asked, number)
    else:
        _table(found.iloc[:ROWS_PER_PAGE])
        _turn(number, len(found) > ROWS_PER_PAGE)
    scans = set(found.scan_uid) if asked else set()
    if chosen := st.query_params.get("scan") or (scans.pop() if len(scans) == 1 else None):
        _hops(source, chosen)


def _asked(senders: list[str]) -> dict[str, object]:
    """The conditions by their names."""
    words, status, sender = st.columns((2.2, 1, 1))
    modality, since, until, order = st.columns(4)
    first, last = _day(since, "From", "since"), _day(until, "To", "until")
    asked = {
        "words": _words(words),
        "status": _one_of(status, "Status", wording.STATUSES, "status"),
        "sender": _one_of(sender, "Sender", senders, "sender"),
        "modality": _one_of(modality, "Modality", MODALITIES, "modality"),
        "since": _midnight(first) if first else None,
        "until": _midnight(last + dt.timedelta(days=1)) if last else None,
    }
    order.selectbox("Order", [NEWEST, OLDEST], key="order", bind="query-params", on_change=_first_page)
    return {name: value for name, value in asked.items() if value not in (None, ALL)}


def _words(cell: DeltaGenerator) -> str | None:
    """A pattern for pseudonyms, which are in capital letters; nothing that a person writes is a wild card."""
    words = cell.text_input(
        "Patient or scan",
        key="words",
        placeholder="Pseudonym or a part of it",
        help=HELP,
        bind="query-params",
        on_change=_first_page,
    )
    plain = "".join(letter for letter in words.upper() if letter.isalnum() or letter == ".")
    return f"%{plain}%" if plain else None


def _one_of(cell: DeltaGenerator, label: str, options: Iterable[str], key: str) -> str:
    return cell.selectbox(
        label, [ALL, *options], format_func=_title, key=key, bind="query-params", on_change=_first_page
    )


def _day(cell: DeltaGenerator, label: str, key: str) -> dt.date | None:
    return cell.date_input(label, None, key=key, format="YYYY-MM-DD", bind="query-params", on_change=_first_page)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), standing_settings().zone)


def _title(status: str) -> str:
    return wording.STATUSES[status][0] if status in wording.STATUSES else status


def _page() -> int:
    asked = st.query_params.get("scan_page", "1")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 7 else 1


def _first_page() -> None:
    for name in ("scan_page", "scan"):
        st.query_params.pop(name, None)


def _nothing(source: ViewReader, asked: Mapping[str, object], number: int) -> None:
    words = asked.get("words")
    aside = source.read(pipeline.NEVER_A_SCAN, words=words, limit=ROWS_PER_PAGE) if words else pd.DataFrame()
    if not aside.empty:
        st.info("Nothing of it counts: all that came was set aside, and waits above.", icon=":material/inventory_2:")
        st.html(html_table(tables.aside_table(aside, standing_settings().zone), "Set aside"))
    elif asked or number > 1:
        st.info("No scan is like that. Take a condition away, or ask for more days.", icon=":material/search_off:")
    else:
        st.info("No scan has arrived yet. The worklist says how to send one.", icon=":material/inbox:")


def _table(rows: pd.DataFrame) -> None:
    """A scan's name leads to its way, below the table; what else is in the address stays there."""
    asked = st.query_params.to_dict()
    links = {
        "Patient": [f"patient?{urlencode({'patient': patient})}" for patient in rows.patient_id],
        "Scan": [f"?{urlencode({**asked, 'scan': scan})}" for scan in rows.scan_uid],
    }
    st.html(html_table(tables.scan_table(rows, standing_settings().zone), "Scans", links=links))
    links_lead_on()


def _turn(number: int, more: bool) -> None:
    """To the page before and after, where there is one."""
    if number == 1 and not more:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Page before", disabled=number == 1, on_click=_go_to, args=(number - 1,), key="scans-before")
        st.caption(f"Page {number}", width="content")
        st.button("Next page", disabled=not more, on_click=_go_to, args=(number + 1,), key="scans-next")


def _go_to(number: int) -> None:
    st.query_params["scan_page"] = str(number)


def _hops(source: ViewReader, scan_uid: str) -> None:
    """How far one scan came and when, what was not used of it, and what of it waits for a decision."""
    revisions = source.read(pipeline.SCAN, scan=scan_uid)
    if revisions.empty:
        st.info("No scan has this pseudonym.", icon=":material/search_off:")
        return
    zone = standing_settings().zone
    patient = revisions.patient_id.iloc[0]
    with st.container(border=True, key="hops"):
        st.markdown("**The way of this scan**")
        st.container(key="mono-scan").text(scan_uid)
        st.page_link("views/patient.py", label=f"Patient {patient}", query_params={"patient": patient})
        st.html(html_table(tables.hop_table(revisions, zone), "Its revisions, hop by hop"))
        if reasons := [reason for reason in revisions.reason if reason]:
            st.text(wording.explained(reasons[0]))
        aside = source.read(pipeline.SET_ASIDE_OF_SCAN, scan=scan_uid)
        if not aside.empty:
            st.html(html_table(tables.aside_table(aside, zone), "Set aside of it"))
        unused = source.read(pipeline.UNUSED_OF_SCAN, scan=scan_uid)
        if not unused.empty:
            table = tables.unused_table(unused, "Revision", unused.revision.tolist())
            st.html(html_table(table, "Received with it and not used"))
