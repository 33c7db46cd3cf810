"""Worklist: who needs somebody today, and why."""

from functools import partial

import streamlit as st

from dashboard import wording
from dashboard.live import live
from dashboard.queries import DatabaseAway, ViewReader, acknowledge
from dashboard.rows import WorklistRow
from dashboard.words.responses import with_code
from dashboard.worklist_query import FILTERS, ORDERS, ROWS_PER_PAGE, WorklistQuery
from dashboard.worklist_rows import TITLES, table_row
from dashboard.worklist_table import Sorting, table
from dashboard.worklist_words import NEEDS, NOTE, many
from stream.settings import standing_settings

FIRST_SCAN = """\
**No scan has arrived yet.** Send one from any DICOM system, for example with dcmtk:

```
storescu -R -nh -aec {title} {host} {port} report.dcm
```

It appears here by itself a few seconds later. Without dcmtk `scanstream send report.dcm` sends it.
`scanstream import FOLDER` brings in tables of a trial; `scanstream demo` fills pages of its own with a simulated
cohort."""
LABELS = {"disease": "Disease", "trial": "Trial", "arm": "Arm", "endpoint": "Question", "response": "Response"}
PAGES_SHOWN, PAGE_PX = 7, 44
ACKNOWLEDGED = "acknowledged"
"""In the session: the patient that is being acknowledged."""


def worklist(source: ViewReader) -> None:
    """The whole page."""
    st.title("Worklist", anchor=False)
    choices = source.choices()
    st.subheader("Who needs me today?", anchor=False)
    filters = _filters(choices)
    needs = source.needs(filters)
    if not needs and not any(filters.filters().values()):
        _nothing_yet()
        return
    asked = _paged(filters._replace(need=_need(needs)), needs)
    _acknowledging()
    rows = source.worklist(asked)
    if not rows:
        st.info("No patient matches. Pseudonyms begin with P; a part of one is enough.", icon=":material/search_off:")
        return
    _table(rows, asked, source)


def _nothing_yet() -> None:
    settings = standing_settings()
    host, port = settings.dicom_host, settings.dicom_port
    st.info(FIRST_SCAN.format(title=settings.dicom_ae_title, host=host, port=port), icon=":material/inbox:")


def _filters(choices: dict[str, list[str]]) -> WorklistQuery:
    """Search and one field for each filter that has something to choose from; all of it stands in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        search = st.text_input(
            "Patient",
            placeholder="Pseudonym or a part of it",
            key="search",
            icon=":material/search:",
            bind="query-params",
            live="300ms",
            on_change=_first_page,
            width=270,
        )
        chosen = {name: _choose(name, choices[name]) for name in FILTERS if choices[name]}
    by = st.query_params.get("by", "need")
    turned = st.query_params.get("turned") == "yes"
    return WorklistQuery((search or "").strip().upper(), chosen, by=by if by in ORDERS else "need", turned=turned)


def _choose(name: str, words: list[str]) -> str | None:
    return st.selectbox(
        LABELS[name],
        words,
        index=None,
        key=name,
        placeholder="all",
        format_func=partial(_word, name),
        bind="query-params",
        on_change=_first_page,
        width=150,
    )


def _word(name: str, word: str) -> str:
    if name == "endpoint":
        return wording.endpoint(word)
    return with_code(word) if name == "response" else word


def _need(needs: dict[str, int]) -> str | None:
    """One of the needs, each with how many patients have it; None: all of them."""
    return st.pills(
        "Why today",
        list(NEEDS),
        format_func=lambda need: NEEDS[need],
        key="need",
        bind="query-params",
        on_change=_first_page,
        label_visibility="collapsed",
    )


def _paged(asked: WorklistQuery, needs: dict[str, int]) -> WorklistQuery:
    """With the page that was turned to, under the line that says how many there are and what needs them."""
    count = needs.get(asked.need, 0) if asked.need else sum(needs.values())
    pages = max(1, -(-count // ROWS_PER_PAGE))
    said = "; ".join(f"{NEEDS[need].lower()} {needs[need]:,}" for need in NEEDS if needs.get(need))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="pages"):
        st.caption(f"{many(count, 'patient')}. Of all that the filters leave: {said}.", width="content")
        number = _turned_to(pages) if pages > 1 else 1
    return asked._replace(page=min(number, pages))


def _turned_to(pages: int) -> int:
    """The number of the page; beside other words the numbers would give way, all but one."""
    room = PAGE_PX * (min(pages, PAGES_SHOWN) + 2)
    return st.pagination(pages, key="page", max_visible_pages=PAGES_SHOWN, bind="query-params", width=room)


def _first_page() -> None:
    st.session_state.pop("page", None)


def _table(rows: list[WorklistRow], asked: WorklistQuery, source: ViewReader) -> None:
    zone = standing_settings().zone
    shown = [table_row(row, source.now, zone) for row in rows]
    down = ORDERS[asked.by][asked.turned].split(",")[0].endswith(("DESC", "LAST"))
    table("Patients", TITLES, shown, Sorting(asked.by, down), _sort, _ask)
    st.caption(NOTE)


def _sort(column: str | None) -> None:
    """By that column, and the other way round where it is that one already."""
    if column not in ORDERS:
        return
    again = st.query_params.get("by", "need") == column and "turned" not in st.query_params
    st.query_params["by"] = column
    if again:
        st.query_params["turned"] = "yes"
    else:
        st.query_params.pop("turned", None)
    _first_page()


def _ask(patient: str | None) -> None:
    st.session_state[ACKNOWLEDGED] = patient


def _acknowledging() -> None:
    """The form for the patient whose button was pressed; it stays as it is while the page goes on living."""
    patient = st.session_state.get(ACKNOWLEDGED)
    if not patient:
        return
    with st.form(f"acknowledge-{patient}", width=620):
        st.text(f"Acknowledge what is new of {patient}")
        who = st.text_input("Who are you?", key="who", max_chars=60)
        note = st.text_input("What did you note?", key="note", max_chars=300, placeholder="Discussed on the board")
        with st.container(horizontal=True):
            done = st.form_submit_button("Acknowledge", type="primary")
            left = st.form_submit_button("Cancel")
    if left or (done and _acknowledged(patient, who, note)):
        del st.session_state[ACKNOWLEDGED]
        st.rerun()


def _acknowledged(patient: str, who: str | None, note: str | None) -> bool:
    try:
        acknowledge(patient, who or "", note or "")
    except (ValueError, DatabaseAway) as error:
        st.error(str(error) if isinstance(error, ValueError) else wording.AWAY)
        return False
    return True


live(worklist)
