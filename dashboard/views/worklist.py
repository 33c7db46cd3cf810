"""Worklist: who changed for the worse since the scan before, and how fresh is what we know."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import charts, ranking, wording
from dashboard.live import live
from dashboard.queries import ViewReader
from dashboard.rows import WaitingRow, WorklistRow, rows_of
from stream.settings import load_settings

ROWS_PER_PAGE = 20
WIDTHS = (2.5, 2.25, 2.4, 1.05, 1.5, 1.5, 1.3)
MAIN = "Main forecast of each patient"
Choice = str | ranking.Kind
"""MAIN, or one kind of forecast."""
COLOURS = {"worse": "orange", "better": "blue", "unchanged": "gray"}
FIRST_SCAN = """\
**No scan has arrived yet.** Send one from any DICOM system, for example with dcmtk:

```
storescu -R -nh -aec {title} {host} {port} report.dcm
```

It appears here by itself a few seconds later. `scanstream demo` fills the pages with a simulated cohort."""


def worklist(source: ViewReader) -> None:
    """The whole page."""
    forecasts, others = source.worklist(), source.without_forecast()
    st.title("Worklist", anchor=False)
    if forecasts.empty and others.empty:
        _nothing_yet()
        return
    choice, search = _filters(forecasts)
    rows = _rows(forecasts, others, choice)
    matches = rows[rows.patient_id.str.contains(search.strip().upper(), regex=False)]
    if matches.empty:
        st.info("No patient matches. Pseudonyms begin with P; a part of one is enough.", icon=":material/search_off:")
        return
    _table(_page(matches), source.now)


def _nothing_yet() -> None:
    settings = load_settings()
    host, port = settings.dicom_host, settings.dicom_port
    st.info(FIRST_SCAN.format(title=settings.dicom_ae_title, host=host, port=port), icon=":material/inbox:")


def _filters(forecasts: pd.DataFrame) -> tuple[Choice, str]:
    left, right = st.columns([1, 1])
    options: list[Choice] = [MAIN, *ranking.known_kinds(forecasts)]
    choice = left.selectbox("Forecast", options, format_func=_title, key="forecast")
    search = right.text_input(
        "Patient", placeholder="Pseudonym or a part of it", key="search", icon=":material/search:"
    )
    return choice, search or ""


def _title(option: Choice) -> str:
    return option if isinstance(option, str) else wording.forecast(*option)


def _rows(forecasts: pd.DataFrame, others: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    """A row per patient; among the main forecasts also those who have none, at the end."""
    if not isinstance(choice, str):
        return ranking.worst_change_first(ranking.of_kind(forecasts, choice))
    return pd.concat([ranking.worst_change_first(ranking.main_forecasts(forecasts)), others], ignore_index=True)


def _page(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the page that was turned to, with the line above them."""
    pages = -(-len(rows) // ROWS_PER_PAGE)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="pages"):
        st.caption(
            f"{_patients(len(rows))}, the largest change for the worse first. "
            "Dot: risk now; open circle: at the scan before; bar: 90 % interval.",
            width="content",
        )
        number = st.pagination(pages, key="page", max_visible_pages=9) if pages > 1 else 1
    return rows.iloc[(number - 1) * ROWS_PER_PAGE : number * ROWS_PER_PAGE]


def _table(rows: pd.DataFrame, now: pd.Timestamp) -> None:
    head = st.columns(WIDTHS, vertical_alignment="bottom")
    titles = ("Patient", "Forecast", "", "Risk", "Change", "Last scan", "Computed")
    for column, title in zip(head, titles, strict=True):
        column.caption(title)
    head[2].image(charts.risk_scale(), width="stretch")
    for row in rows_of(rows[rows.risk.notna()], WorklistRow):
        _forecast(_cells(row.patient_id), row, now)
    for waiting in rows_of(rows[rows.risk.isna()], WaitingRow):
        _no_forecast(_cells(waiting.patient_id), waiting, now)


def _cells(patient: str) -> list[DeltaGenerator]:
    """The cells of a row behind its first, which leads to the patient."""
    with st.container(key=f"row-{patient}"):
        first, *cells = st.columns(WIDTHS, vertical_alignment="center")
        first.page_link("views/patient.py", label=patient, query_params={"patient": patient})
        return cells


def _forecast(cells: list[DeltaGenerator], row: WorklistRow, now: pd.Timestamp) -> None:
    what, bar, risk, change, scan, computed = cells
    what.markdown(f"{wording.endpoint(row.endpoint)}  \n{wording.horizon(row.horizon_kind, row.horizon_days)}")
    words = f"{wording.percent(row.risk)}, interval {wording.interval(row.risk_low, row.risk_high)}"
    bar.image(charts.risk_bar(row), width="stretch", alt=words)
    risk.markdown(f"**{wording.percent(row.risk)}**  \n:gray[{wording.interval(row.risk_low, row.risk_high)}]")
    change.markdown(_change(row))
    scan.markdown(f"{wording.weekday(row.last_scan_local)}  \n:gray[{wording.age(row.last_scan_at, now)}]")
    mark = "  \n:orange-badge[provisional]" if row.provisional else ""
    computed.markdown(f"{wording.age(row.computed_at, now)}{mark}")


def _change(row: WorklistRow) -> str:
    if pd.isna(row.change):
        return f"first forecast  \n:gray[{wording.direction(row.endpoint)}]"
    trend = wording.trend(row.change, row.endpoint)
    colour = COLOURS[trend]
    model = "  \n:gray[other model than before]" if row.previous_weights != row.weights_version else ""
    return f":{colour}[**{wording.points(row.change)}** {trend}]  \n:gray[{wording.direction(row.endpoint)}]{model}"


def _no_forecast(cells: list[DeltaGenerator], row: WaitingRow, now: pd.Timestamp) -> None:
    what, _, _, _, scan, _ = cells
    what.markdown(":gray[no forecast]")
    why = [words for words in (_closed(row), row.reason) if words]
    cells[1].text("\n".join(why) or wording.STATUSES[row.status][1])
    if row.last_scan_local is not None and pd.notna(row.last_scan_local):
        scan.markdown(f"{wording.weekday(row.last_scan_local)}  \n:gray[{wording.age(row.last_scan_at, now)}]")


def _closed(row: WaitingRow) -> str | None:
    """The question that is not open, in words."""
    if row.question is None or pd.isna(row.question):
        return None
    since = wording.moment(row.since, load_settings().zone)[:10]
    return wording.closed(row.question, row.question_status, since, row.line)


def _patients(count: int) -> str:
    return f"{count} patient{'' if count == 1 else 's'}"


live(worklist)
