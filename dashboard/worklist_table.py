"""The table of the worklist, drawn as one element: a browser makes twenty rows of it in a moment.

All text reaches the page as text, never as markup; rows that did not change are left as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import streamlit as st

from dashboard.style import BETTER, MUTED, NEUTRAL, PANEL, PAPER, RULE, TEAL, WORSE

KEY = "rows"
Words = tuple[str, str]
"""Text of one line of a cell, and how it is set: strong, plain, note, worse, better or mark."""


class RiskBar(NamedTuple):
    """A risk with its interval on a scale from 0 to 1, and where it was before (None: first forecast)."""

    risk: float
    low: float
    high: float
    before: float | None
    trend: str


class TableRow(NamedTuple):
    """A row: cells by column, the bar below the words of the risk, and what a press on its button asks for."""

    patient: str
    cells: Mapping[str, Sequence[Words]]
    bar: RiskBar | None
    new: bool
    button: str | None


Press = Callable[[str], None]
"""Called with the column or the patient that was pressed."""

JS = """
const made = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
};
const line = (tone, text) => {  // a date is never broken
  const element = made("div", tone);
  for (const part of text.split(/(\\d{4}-\\d\\d-\\d\\d)/)) element.appendChild(made("span", "", part));
  return element;
};
const bar = ({risk, low, high, before, trend}) => {
  const scale = made("div", "bar " + trend), at = (name, from, to) => {
    const part = made("span", name);
    part.style.left = 100 * from + "%";
    if (to !== undefined) part.style.width = 100 * (to - from) + "%";
    scale.appendChild(part);
  };
  scale.setAttribute("aria-hidden", "true");
  at("interval", low, high);
  if (before !== null) { at("way", Math.min(before, risk), Math.max(before, risk)); at("before", before); }
  at("now", risk);
  return scale;
};
const head = (columns, press) => {
  const row = made("tr");
  for (const {key, title, sorted} of columns) {
    const cell = made("th"), button = made("button", "", title);
    cell.scope = "col";
    cell.setAttribute("aria-sort", sorted);
    button.dataset.key = "sort " + key;
    button.onclick = () => press("sort", key);
    cell.appendChild(button);
    row.appendChild(cell);
  }
  const last = made("th");
  last.appendChild(made("span", "hidden", "Acknowledge"));
  row.appendChild(last);
  return row;
};
const link = (patient) => {  // as the browser's own buttons do it: so back, refresh and bookmarks keep the address
  const anchor = made("a", "patient", patient);
  anchor.href = "patient?patient=" + encodeURIComponent(patient);
  anchor.dataset.key = "open " + patient;
  anchor.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState({}, "", anchor.href);
    dispatchEvent(new PopStateEvent("popstate"));
  };
  return anchor;
};
const body = (columns, {patient, cells, bar: drawn, new: fresh, button}, press) => {
  const row = made("tr", fresh ? "new" : "");
  for (const {key, title} of columns) {
    const cell = made(key === "patient" ? "th" : "td", key);
    cell.dataset.title = title;
    if (key === "patient") { cell.scope = "row"; cell.appendChild(link(patient)); }
    for (const [text, tone] of cells[key] || []) cell.appendChild(line(tone, text));
    if (key === "risk" && drawn) cell.insertBefore(bar(drawn), cell.children[1] || null);
    row.appendChild(cell);
  }
  const last = made("td", "act");
  if (button) {
    const act = made("button", "", button);
    act.setAttribute("aria-label", button + " " + patient);
    act.dataset.key = "acknowledge " + patient;
    act.onclick = () => press("acknowledge", patient);
    last.appendChild(act);
  }
  row.appendChild(last);
  return row;
};
export default function ({data, parentElement, setTriggerValue}) {
  const text = JSON.stringify(data), place = parentElement.querySelector(".worklist");
  if (!place || place.dataset.shown === text) return;
  const key = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const table = made("table"), thead = made("thead"), tbody = made("tbody");
  table.appendChild(made("caption", "hidden", data.caption));
  thead.appendChild(head(data.columns, setTriggerValue));
  for (const row of data.rows) tbody.appendChild(body(data.columns, row, setTriggerValue));
  table.append(thead, tbody);
  place.replaceChildren(table);
  place.dataset.shown = text;
  if (key) place.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}
"""
CSS = f"""
.worklist table {{ width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }}
.worklist th, .worklist td {{ text-align: left; vertical-align: top; padding: .5rem .9rem .55rem 0; font-weight: 400;
  border-top: 1px solid var(--st-border-color, {RULE}); line-height: 1.4; font-size: .87rem; }}
.worklist thead th {{ border-top: 0; padding-bottom: .3rem; }}
.worklist button {{ font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }}
.worklist thead button {{ font-size: .82rem; color: var(--st-gray-text-color, {MUTED}); text-align: left; }}
.worklist thead button:hover {{ text-decoration: underline; }}
.worklist th[aria-sort="ascending"] button::after {{ content: " \\2191"; }}
.worklist th[aria-sort="descending"] button::after {{ content: " \\2193"; }}
.worklist :focus-visible {{ outline: 2px solid var(--st-primary-color, {TEAL}); outline-offset: 2px; }}
.worklist .patient {{ font-family: "Source Code Pro", monospace; font-size: .8rem; font-weight: 600;
  color: var(--st-link-color, {TEAL}); text-decoration: none; }}
.worklist span:nth-child(even) {{ white-space: nowrap; }}
.worklist th.patient {{ white-space: nowrap; }}
.worklist a.patient:hover {{ text-decoration: underline; }}
.worklist .strong {{ font-weight: 600; font-size: .95rem; }}
.worklist .note, .worklist .mark {{ color: var(--st-gray-text-color, {MUTED}); }}
.worklist .worse {{ color: var(--st-orange-text-color, {WORSE}); font-weight: 600; }}
.worklist .better {{ color: var(--st-blue-text-color, {BETTER}); font-weight: 600; }}
.worklist .act button {{ border: 1px solid var(--st-gray-text-color, {MUTED}); border-radius: 4px;
  padding: .15rem .55rem; }}
.worklist .act button:hover {{ background: var(--st-secondary-background-color, {PANEL}); }}
.worklist .hidden {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
.worklist .bar {{ position: relative; height: 15px; width: 150px; margin: .15rem 0;
  background: linear-gradient(var(--st-border-color, {RULE}), var(--st-border-color, {RULE})) center / 100% 1px
  no-repeat; color: var(--st-gray-text-color, {NEUTRAL}); }}
.worklist .bar.worse {{ color: var(--st-orange-text-color, {WORSE}); }}
.worklist .bar.better {{ color: var(--st-blue-text-color, {BETTER}); }}
.worklist .bar span {{ position: absolute; box-sizing: border-box; }}
.worklist .interval {{ top: 2px; height: 11px; border: 1px solid currentColor;
  background: color-mix(in srgb, currentColor 20%, transparent); border-radius: 2px; }}
.worklist .way {{ top: 6.5px; height: 2px; background: currentColor; }}
.worklist .now, .worklist .before {{ top: 2.5px; width: 10px; height: 10px; margin-left: -5px; border-radius: 50%;
  background: currentColor; }}
.worklist .before {{ background: var(--st-background-color, {PAPER}); border: 2px solid currentColor; }}
@media (max-width: 1000px) {{
  .worklist thead {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
  .worklist table, .worklist tbody, .worklist th, .worklist td {{ display: block; width: auto; }}
  .worklist tbody tr {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 0 1rem;
    border-top: 1px solid var(--st-gray-text-color, {MUTED}); padding: .5rem 0; }}
  .worklist tbody th, .worklist td {{ border: 0; padding: .15rem 0; width: auto; }}
  .worklist td[data-title]:not(:empty)::before {{ content: attr(data-title); display: block; font-size: .78rem;
    color: var(--st-gray-text-color, {MUTED}); }}
}}
"""
"""Colours are the theme's, light or dark; ours of style stand where it has none."""


class Sorting(NamedTuple):
    """The column that rows are sorted by, and whether from large to small."""

    by: str
    down: bool


_drawn = st.components.v2.component(
    "worklist", html='<div class="worklist"></div>', css=CSS, js=JS, isolate_styles=False
)


def table(
    caption: str,
    titles: Mapping[str, str],
    rows: Sequence[TableRow],
    sorting: Sorting,
    sort: Press,
    acknowledge: Press,
) -> None:
    """Draw the table; what is pressed in it is handed to `sort` and `acknowledge`."""
    columns = [{"key": key, "title": title, "sorted": _sorted(key, sorting)} for key, title in titles.items()]
    shown = [{**row._asdict(), "bar": row.bar and row.bar._asdict()} for row in rows]
    data: dict[str, Any] = {"caption": caption, "columns": columns, "rows": shown}
    _drawn(
        key=KEY,
        data=data,
        on_sort_change=lambda: sort(st.session_state[KEY].sort),
        on_acknowledge_change=lambda: acknowledge(st.session_state[KEY].acknowledge),
    )


def _sorted(column: str, sorting: Sorting) -> str:
    if column != sorting.by:
        return "none"
    return "descending" if sorting.down else "ascending"
