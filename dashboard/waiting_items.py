"""What was set aside, on the page Pipeline: cause by cause, with what a person can do about it."""

import datetime as dt

import streamlit as st

from dashboard import set_aside_words, wording
from dashboard.queries import DatabaseAway, ViewReader, ask_decision
from dashboard.rows import SetAsideRow, rows_of
from stream.errors import AnswerIsNo
from stream.settings import standing_settings
from stream.storage.reading import pipeline
from stream.vocabulary import Decision, ReasonCode

ROWS_PER_PAGE = 10
ASKS_DATE = (ReasonCode.NO_DATE, ReasonCode.IMPOSSIBLE_DATE)
ASKS_PATIENT = (ReasonCode.NO_PATIENT_ID, ReasonCode.PATIENT_CONFLICT, ReasonCode.IDENTITY_DOUBT)
EARLIEST = dt.date(1990, 1, 1)
ALL = "All"


def waiting_items(source: ViewReader, senders: list[str]) -> None:
    """The whole section; its filters and the item that is being decided on are in the address."""
    st.subheader("What waits for a decision?", anchor=False)
    asked, decided_too = _filters(senders)
    number = int(st.session_state.get("aside_page", 1))
    query = pipeline.set_aside(asked.keys(), decided_too)
    rows = source.read(query, **asked, limit=ROWS_PER_PAGE, first=(number - 1) * ROWS_PER_PAGE)
    if rows.empty:
        _nothing(bool(asked))
        return
    found = int(rows.found.iloc[0])
    st.caption(
        f"{wording.counted(found, 'cause')}. The files are kept as they came; one decision is about all of them."
    )
    for row in rows_of(rows, SetAsideRow):
        with st.container(key=f"row-{row.item_id}"):
            _item(row)
    if found > ROWS_PER_PAGE:
        st.pagination(-(-found // ROWS_PER_PAGE), key="aside_page", bind="query-params")


def _filters(senders: list[str]) -> tuple[dict[str, object], bool]:
    """The conditions by their names, and whether what was decided on is shown too."""
    reason, sender, decided = st.columns((2, 2, 1.4), vertical_alignment="bottom")
    code = reason.selectbox(
        "Reason",
        [ALL, *set_aside_words.REASONS],
        format_func=_title,
        key="reason",
        bind="query-params",
        on_change=_first_page,
    )
    who = sender.selectbox("Sender", [ALL, *senders], key="aside_from", bind="query-params", on_change=_first_page)
    too = decided.toggle("Also what was decided", key="decided", bind="query-params", on_change=_first_page)
    asked = {"reason_code": code, "sender": who}
    return {name: value for name, value in asked.items() if value != ALL}, too


def _title(code: str) -> str:
    return set_aside_words.REASONS[code][0] if code in set_aside_words.REASONS else code


def _first_page() -> None:
    st.session_state["aside_page"] = 1


def _nothing(asked: bool) -> None:
    if asked:
        st.info("Nothing of this kind is set aside.", icon=":material/search_off:")
    else:
        st.success("Nothing is set aside.", icon=":material/check_circle:")


def _item(row: SetAsideRow) -> None:
    title, cure = set_aside_words.found(row.reason_code, row.kind, row.why_not)
    what, why, when, act = st.columns((1.6, 3.6, 1.8, 1))
    what.markdown(f"**{title}**")
    what.text(_of_whom(row))
    why.text(row.reason)
    why.caption(cure)
    if row.decision is None and row.answer is not None:
        why.text(f"{row.wanted_by} wanted it {row.wanted}. Not done: {row.answer}")
    when.markdown(wording.moment(row.set_aside_at, standing_settings().zone))
    when.text(_came_of_it(row))
    if row.decision is None and not _is_wanted(row):
        act.button("Decide", key=f"decide-{row.item_id}", on_click=_open, args=(row.item_id,))
        if st.query_params.get("item") == row.item_id:
            _form(row)


def _of_whom(row: SetAsideRow) -> str:
    """How much it is, from whom, and whose where that is known; as text, since a sender names itself."""
    much = wording.counted(row.files, set_aside_words.KINDS.get(row.kind, row.kind))
    sender = f"from {row.sender}" if row.sender else None
    scan = f"scan {wording.last_digits(row.scan_uid)}" if row.scan_uid else None
    return "\n".join(part for part in (much, sender, scan, row.patient_id) if part)


def _is_wanted(row: SetAsideRow) -> bool:
    return row.wanted is not None and row.answer is None


def _came_of_it(row: SetAsideRow) -> str:
    """What was decided or is wanted, by whom; as text, since people name themselves."""
    zone = standing_settings().zone
    if row.decision:
        return f"{row.decision} by {row.decided_by}\n{wording.moment(row.decided_at, zone)}"
    if not _is_wanted(row):
        return "undecided"
    return f"{row.wanted_by} wants it {row.wanted}\n{wording.moment(row.wanted_at, zone)}; the gateway does it"


def _open(item_id: str) -> None:
    st.query_params["item"] = item_id
    st.session_state.pop("refused", None)


def _close() -> None:
    st.query_params.pop("item", None)
    st.session_state.pop("refused", None)


def _form(row: SetAsideRow) -> None:
    """Why, by whom, and what is missing; stays open until it was accepted."""
    with st.form(f"form-{row.item_id}", border=True):
        if row.why_not:
            st.text(row.why_not)
        options = [Decision.REJECTED] if row.why_not else [Decision.RELEASED, Decision.REJECTED]
        st.radio("Decision", options, format_func=set_aside_words.DECISIONS.__getitem__, key="decision")
        left, right = st.columns(2)
        left.text_input("Why", key="because", placeholder="In your words; it is logged")
        right.text_input("Your name", key="decider", persist_state="session")
        if not row.why_not and row.reason_code in ASKS_DATE:
            left.date_input(
                "When was it acquired? (to release it)", None, EARLIEST, "today", key="acquired", format="YYYY-MM-DD"
            )
        if not row.why_not and row.reason_code in ASKS_PATIENT:
            left.text_input("Whose is it? (to release it for another patient)", key="whose", placeholder="Pseudonym")
        if refused := st.session_state.get("refused"):
            st.error("It was not accepted:", icon=":material/block:")
            st.text(refused)
        with st.container(horizontal=True):
            st.form_submit_button("Log the decision", type="primary", on_click=_decide, args=(row,))
            st.form_submit_button("Close", on_click=_close)


def _decide(row: SetAsideRow) -> None:
    state = st.session_state
    patient, day = str(state.get("whose") or "").strip().upper() or None, state.get("acquired")
    if missing := _missing(row, patient, day):
        state.refused = missing
        return
    try:
        ask_decision(row.item_id, state.decision, state.because or "", state.decider.strip(), patient, day)
    except AnswerIsNo as error:
        state.refused = str(error)
    except DatabaseAway:
        state.refused = wording.AWAY
    else:
        _close()


def _missing(row: SetAsideRow, patient: str | None, day: dt.date | None) -> str | None:
    """What a decision cannot do without, and the form lacks."""
    if not str(st.session_state.decider or "").strip():
        return "Say who decides: your name is logged with it."
    if st.session_state.decision != Decision.RELEASED:
        return None
    if row.reason_code in ASKS_DATE and day is None:
        return "Say when it was acquired: without a day it stands on no timeline."
    if row.reason_code == ReasonCode.NO_PATIENT_ID and patient is None:
        return "Say whose it is: the pseudonym is on the worklist and on the patient's page."
    return None
