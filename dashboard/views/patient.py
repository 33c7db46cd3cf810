"""Patient: what was measured, how likely what is, what was given, and who said so."""

from typing import Literal

import pandas as pd
import streamlit as st

from dashboard import charts, ranking, tables, why, wording
from dashboard.live import live
from dashboard.patient_chart import PatientChart
from dashboard.queries import ViewReader
from dashboard.rows import ForecastCard, rows_of
from stream.settings import load_settings
from stream.vocabulary import UNKNOWN_DISEASE

COLOURS: dict[wording.Trend, Literal["orange", "blue", "gray"]]
COLOURS = {"worse": "orange", "better": "blue", "unchanged": "gray"}


def patient(source: ViewReader) -> None:
    """The whole page, for the patient named in the address."""
    name = st.query_params.get("patient", "").strip().upper()
    if not name:
        _ask("Which patient?", "Choose one on the worklist, or give the pseudonym.")
        return
    scans, history = source.scans(name), source.history(name)
    if scans.empty and history.empty:
        _ask("Patient unknown", "Nothing has arrived under this pseudonym. Check it, or look for it on the worklist.")
        return
    current, values, treatments = source.current(name), source.trajectory(name), source.treatments(name)
    sizes, responses = source.sizes(name), source.responses(name)
    record = PatientChart(scans, values, history, sizes, responses, treatments, load_settings().zone, source.now)
    _heading(name, record)
    _current(current)
    _measured(record)
    _risk(record, scans, source.of_unknown_disease(name), source.closed(name))
    _response(record)
    _why(name, current)
    _given(record)
    _superseded(history, record)
    _scans(scans)
    _unused(source.unused(name))


def _ask(title: str, words: str) -> None:
    st.title(title, anchor=False)
    st.info(words, icon=":material/person_search:")
    st.text_input("Pseudonym", key="pseudonym", on_change=_go, placeholder="P and 26 letters and digits", width=420)
    st.page_link("views/worklist.py", label="To the worklist", icon=":material/arrow_back:")


def _go() -> None:
    st.query_params["patient"] = st.session_state.pseudonym.strip()


def _heading(name: str, record: PatientChart) -> None:
    st.page_link("views/worklist.py", label="Worklist", icon=":material/arrow_back:")
    st.title(name, anchor=False)
    st.caption(record.summary())


def _current(current: pd.DataFrame) -> None:
    """A card per forecast that stands now."""
    if current.empty:
        return
    for cell, row in zip(st.columns(max(len(current), 3)), _in_order(current), strict=False):
        with cell.container(border=True, height="stretch"):
            _card(row)


def _card(row: ForecastCard) -> None:
    """Colour and arrow are given to Streamlit: by itself it would take a true minus sign for a rise."""
    first = pd.isna(row.change)
    trend = "unchanged" if first else wording.trend(row.change, row.endpoint)
    rising = 0 if trend == "unchanged" else row.change
    st.metric(
        wording.forecast(row.endpoint, row.horizon_kind, row.horizon_days),
        wording.percent(row.risk),
        None if first else wording.points(row.change),
        delta_color=COLOURS[trend],
        delta_arrow="up" if rising > 0 else "down" if rising < 0 else "off",
        delta_description="first forecast" if first else f"{trend} since the scan before",
    )
    mark = " · :orange-badge[provisional]" if row.provisional else ""
    interval = wording.interval(row.risk_low, row.risk_high)
    st.caption(f"90 % interval {interval} · {wording.direction(row.endpoint)}{mark}")


def _in_order(current: pd.DataFrame) -> list[ForecastCard]:
    return rows_of(current.sort_values(["endpoint", "horizon_days"]), ForecastCard)


def _measured(record: PatientChart) -> None:
    st.subheader("What was measured?", anchor=False)
    groups = record.measurement_groups()
    if not groups:
        st.info("Nothing was measured on the scans that count.", icon=":material/straighten:")
        return
    group = _choose("Measurement", groups, groups[0], "measurement")
    frame = record.measured(group)
    chart = charts.measured(frame, record.coming(group), group, record.span)
    st.altair_chart(chart, theme=None, key="measured", alt=f"{group} over time")
    if coming := record.coming_words(group):
        st.container(key="note-coming").text(coming)
        st.caption("Dashed: the size forecast. Bands: where it will be found with 50, 80 and 95 % probability.")
    gaps = frame[frame.value.isna()]
    if len(gaps):
        st.container(key="note-gaps").text(
            "Not measured: " + "; ".join(f"{row.series} on {row.at:%Y-%m-%d}" for row in gaps.itertuples()) + "."
        )


def _risk(record: PatientChart, scans: pd.DataFrame, of_unknown_disease: bool, closed: pd.DataFrame) -> None:
    kinds = record.forecast_kinds()
    st.subheader("How likely is it?", anchor=False)
    if not closed.empty:
        st.container(key="note-closed").text("\n".join(record.closed_words(closed)))
    if of_unknown_disease:
        st.info(UNKNOWN_DISEASE, icon=":material/help:")
    if not kinds:
        reason = next((text for text in scans.reason if text), None)
        st.info("There is no forecast for this patient.", icon=":material/do_not_disturb_on:")
        if reason and not of_unknown_disease:
            st.text(wording.explained(reason))
        return
    titles = {wording.forecast(*kind): kind for kind in sorted(kinds, key=ranking.by_horizon)}
    kind = titles[_choose("Forecast", list(titles), wording.forecast(*kinds[0]), "risk")]
    frame = record.risk(kind)
    title = f"{wording.forecast(*kind)}: probability (%), counted from each scan; {wording.direction(kind[0])}"
    st.altair_chart(charts.risk(frame, record.scans(), title, record.span), theme=None, key="risk-chart", alt=title)
    st.caption(f"Said by {frame.said_by.iloc[-1]}. Band: central 90 % of the model's own uncertainty. Ticks: scans.")


def _response(record: PatientChart) -> None:
    for number, sentence in enumerate(record.response_words()):
        st.container(key=f"note-response-{number}").text(sentence)


def _why(name: str, current: pd.DataFrame) -> None:
    """A button and, once it was pressed, what was said of these very forecasts: it takes some seconds."""
    if current.empty:
        return
    st.subheader("Why did it move?", anchor=False)
    about = (name, *current[["scan_uid", "weights_version", "computed_at"]].itertuples(index=False, name=None))
    if st.button("Explain the latest change", key="explain", icon=":material/troubleshoot:"):
        with st.spinner("The timeline is folded again, with the weights that led."):
            st.session_state.why = about, _answer(name)
    answered, answer = st.session_state.get("why", (None, None))
    if answered != about:
        st.caption(
            "Parts that sum to the change since the scan before, what the training data did not cover, other arms."
        )
    elif isinstance(answer, str):
        st.container(key="note-why").text(answer)
    else:
        _moved(answer, ranking.known_kinds(current))
        for flag in why.flags(answer):
            st.warning(flag, icon=":material/warning:")
        st.container(key="note-why").text("\n".join(why.remarks(answer)))
        _arms(answer)


def _answer(name: str) -> why.Answer | str:
    try:
        return why.explain(name)
    except why.NoAnswer as error:
        return str(error)


def _moved(answer: why.Answer, kinds: list[ranking.Kind]) -> None:
    moved = why.moved(answer)
    known = [kind for kind in kinds if kind in moved]
    if not known:
        return
    titles = {wording.forecast(*kind): kind for kind in sorted(known, key=ranking.by_horizon)}
    chosen = _choose("Explained", list(titles), wording.forecast(*known[0]), "why-kind")
    change = moved[titles[chosen]]
    title = f"{chosen}: from {wording.percent(change['before'])} to {wording.percent(change['risk'])}, parts in points"
    st.altair_chart(charts.parts(why.parts(titles[chosen][0], change), title), theme=None, key="parts", alt=title)


def _arms(answer: why.Answer) -> None:
    for of in answer:
        frame = why.arms(of)
        if frame.empty:
            st.caption(
                f"{wording.endpoint(of['endpoint'])}: this model does not see treatments, there is nothing by arm."
            )
            continue
        st.caption(f"By arm: {of['arms']['says']}.")
        st.dataframe(frame, hide_index=True, key=f"arms-{of['endpoint']}")


def _given(record: PatientChart) -> None:
    st.subheader("What was given?", anchor=False)
    frame = record.given()
    if frame.empty:
        st.caption("No treatment is known.")
        return
    st.altair_chart(charts.given(frame, "Treatments", record.span), theme=None, key="given", alt="Treatments over time")


def _superseded(history: pd.DataFrame, record: PatientChart) -> None:
    ended = history[history.superseded_at.notna()].sort_values("superseded_at", ascending=False)
    with st.expander(f"Forecasts that no longer stand ({len(ended)})"):
        if ended.empty:
            st.caption("Every forecast shown for this patient still stands.")
        else:
            days = record.days_of(ended.acquired_at)
            st.dataframe(tables.superseded_table(ended, days, load_settings().zone), hide_index=True)


def _scans(scans: pd.DataFrame) -> None:
    with st.expander(f"Scans and their revisions ({len(scans)})"):
        st.dataframe(tables.scan_table(scans, load_settings().zone), hide_index=True, column_config=tables.SCAN_COLUMNS)


def _unused(unused: pd.DataFrame) -> None:
    if unused.empty:
        return
    with st.expander(f"Received and not used ({len(unused)})"):
        days = [wording.day(clock) for clock in unused.acquired_local]
        st.dataframe(tables.unused_table(unused, "Scan of", days), hide_index=True, key="unused")


def _choose(label: str, options: list[str], default: str, key: str) -> str:
    """One of `options`; where there is nothing to choose, nobody is asked."""
    if len(options) == 1:
        return default
    chosen = st.segmented_control(label, options, key=key, default=default, required=True, label_visibility="collapsed")
    return chosen if chosen in options else default


live(patient)
