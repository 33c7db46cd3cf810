"""The look of all pages: ink on paper, blue for the better and vermilion for the worse, told apart by everyone.

Colours are of Okabe and Ito's palette (2008), darkened until text in them has a contrast of 4.5 : 1 on the paper, and
lightened for the dark theme until they have it there. Which of the two a reader sees follows the browser.
"""

from collections.abc import Iterator

PAPER, PANEL, INK, MUTED, RULE = "#ffffff", "#f4f6f7", "#16232e", "#5b6873", "#d5dce1"
TEAL, BETTER, WORSE, NEUTRAL = "#0b5563", "#0a67a3", "#b8400a", "#5b6873"
SERIES = ("#16232e", "#0072b2", "#d55e00", "#008f68", "#9a4f7e", "#9c6a00", "#3a8fbd", "#5b6873")
"""Colours of lines, the first for the sum; lines are told apart by their marks too."""
PARTIAL, STABLE, LASTING = "#3a8fbd", "#7f858a", "#a07d30"
"""Of bars: partial response, stable disease, and disease that stays where there are no targets."""

DARK = {
    PAPER: "#10181e",
    PANEL: "#1c272f",
    INK: "#e8eef2",
    MUTED: "#a6b4bf",
    RULE: "#3a4853",
    TEAL: "#5fc3d2",
    BETTER: "#66b5ea",
    WORSE: "#f78f5c",
    "#0072b2": "#4fa8e0",
    "#d55e00": "#ef8340",
    "#008f68": "#35bf95",
    "#9a4f7e": "#d593bb",
    "#9c6a00": "#d5a545",
    PARTIAL: "#7cc0e8",
    STABLE: "#949ca3",
    LASTING: "#c8a250",
}
"""What stands for each colour in the dark theme."""


def both(light: str) -> str:
    """A colour of the paper and its dark counterpart, as CSS chooses between them."""
    return f"light-dark({light}, {DARK[light]})"


_NAMED = {
    "primaryColor": TEAL,
    "backgroundColor": PAPER,
    "secondaryBackgroundColor": PANEL,
    "textColor": INK,
    "linkColor": TEAL,
    "borderColor": RULE,
    "redColor": WORSE,
    "greenColor": BETTER,
    "blueColor": BETTER,
    "orangeColor": WORSE,
    "grayColor": MUTED,
    "redTextColor": WORSE,
    "orangeTextColor": WORSE,
    "greenTextColor": BETTER,
    "blueTextColor": BETTER,
    "grayTextColor": MUTED,
    "dataframeHeaderBackgroundColor": PANEL,
}
THEME = {
    "linkUnderline": False,
    "baseRadius": "4px",
    "baseFontSize": 15,
    "headingFont": "serif",
    "headingFontSizes": ["1.9rem", "1.3rem", "1.1rem"],
    **{f"light.{name}": colour for name, colour in _NAMED.items()},
    **{f"dark.{name}": DARK[colour] for name, colour in _NAMED.items()},
}
"""Options of Streamlit below `theme.`."""

_STEPS = f"""<path d="M2 24 H9 V17 H16 V20 H23 V9 H30" fill="none" stroke="{TEAL}" stroke-width="2.6"/>
<circle cx="30" cy="9" r="3.2" fill="{WORSE}"/>"""
_LOGO_DARK = f"""<style>@media (prefers-color-scheme: dark) {{ path {{ stroke: {DARK[TEAL]}; }}
circle {{ fill: {DARK[WORSE]}; }} text {{ fill: {DARK[INK]}; }} }}</style>"""
"""A step line that ends in its newest point: what the service draws for every patient."""

ICON = f'<svg xmlns="http://www.w3.org/2000/svg" width="34" height="32" viewBox="0 0 34 32">{_STEPS}</svg>'
LOGO = f"""<svg xmlns="http://www.w3.org/2000/svg" width="172" height="32" viewBox="0 0 172 32">
{_LOGO_DARK}{_STEPS}
<text x="42" y="22" font-family="Georgia, 'Liberation Serif', serif" font-size="20" fill="{INK}">ScanStream</text>
</svg>"""


def _drawn() -> Iterator[str]:
    """A chart is drawn in the colours of the paper; in the dark theme each gives way to its counterpart.

    One with thousands of marks is a picture without parts: there light and dark change places.
    """
    for light in DARK:
        for part in ("fill", "stroke"):
            yield f'[data-testid="stVegaLiteChart"] [{part}="{light}"] {{ {part}: {both(light)}; }}'


def _listed(tables: str, narrower: int) -> str:
    """On a page that is narrower than so many pixels the rows of these `tables` are lists, and nothing is cut."""
    return f"""@media (max-width: {narrower}px) {{
{tables} thead {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
{tables} table, {tables} caption, {tables} tbody {{ display: block; }}
{tables} tbody tr {{ display: flex; flex-wrap: wrap; gap: 0 1.4rem; padding-bottom: .4rem; }}
{tables} tbody th {{ flex-basis: 100%; font-weight: 600; }}
{tables} tbody th, {tables} td {{ padding: .3rem 0 0 0; overflow-wrap: anywhere; }}
{tables} td:empty {{ display: none; }}
{tables} [data-name]::before {{ content: attr(data-name); display: block; font-size: .74rem; font-weight: 400;
  color: {both(MUTED)}; }} }}"""


CSS = f"""<style>
.stApp {{ font-variant-numeric: tabular-nums; }}
.stMainBlockContainer {{ padding: 4.2rem 2.5rem 3rem 2.5rem; max-width: 1440px; }}
[class*="st-key-row-"] {{ border-top: 1px solid {both(RULE)}; padding: .4rem 0 .3rem 0; }}
h1 {{ padding: .3rem 0 .5rem 0 !important; }}
[class*="st-key-row-"] p {{ line-height: 1.35; margin-bottom: 0; }}
[class*="st-key-row-"] [data-testid="stPageLink"] a {{ padding-left: 0; }}
[class*="st-key-row-"] [data-testid="stPageLink"] p, [class*="st-key-mono"] p {{
  font-family: "Source Code Pro", monospace; font-size: .83rem; color: {both(TEAL)}; font-weight: 600; }}
[class*="st-key-note-"] [data-testid="stText"] {{ font-size: .87rem; color: {both(MUTED)}; }}
[class*="st-key-story-"] [data-testid="stText"] {{ font-size: 1.05rem; line-height: 1.5; max-width: 62rem; }}
.told {{ overflow-x: auto; }}
.told table {{ border-collapse: collapse; font-size: .84rem; }}
.told caption {{ text-align: left; color: {both(MUTED)}; padding: 0 0 .4rem 0; }}
.told th, .told td {{ text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; font-weight: 400; }}
.told thead th {{ font-weight: 600; vertical-align: bottom; }}
.told a {{ color: {both(TEAL)}; }}
.told .whole {{ white-space: nowrap; }}
.told tr {{ border-bottom: 1px solid {both(RULE)}; }}
{_listed(".many", 640)}
{_listed(".very-many", 1000)}
.slices h4 {{ font-size: .95rem; font-weight: 600; padding: .2rem 0 .4rem 0; margin: 0; }}
.slices, .slices div {{ display: flex; flex-wrap: wrap; gap: .6rem 1.2rem; }}
.slices figure {{ margin: 0; width: 192px; }}
.slices img {{ max-width: 100%; height: auto; display: block; border-radius: 3px; background: #000; }}
.slices figcaption {{ font-size: .82rem; line-height: 1.4; padding-top: .3rem; color: {both(MUTED)};
  overflow-wrap: anywhere; }}
.slices b {{ color: {both(INK)}; font-weight: 600; }}
.st-key-research p {{ font-size: .82rem; letter-spacing: .01em; }}
.st-key-research {{ border-left: 3px solid {both(WORSE)}; padding-left: .7rem; }}
[data-testid="stCaptionContainer"], [data-testid="stMetricDeltaDescription"] {{ color: {both(MUTED)}; opacity: 1; }}
[data-testid^="stMetricDelta"], [data-testid^="stMetricDelta"] * {{ white-space: normal !important; }}
[data-testid="stVegaLiteChart"] svg {{ background-color: transparent !important; }}
a:focus-visible, button:focus-visible, summary:focus-visible, .told:focus-visible {{
  outline: 2px solid {both(TEAL)} !important; outline-offset: 2px; }}
[data-testid="stElementToolbar"]:focus-within {{ opacity: 1; }}
[data-testid="stElementToolbar"] [aria-label^="Copy Vega-Lite"] {{ display: none; }}
{chr(10).join(_drawn())}
@media (prefers-color-scheme: dark) {{
  [data-testid="stVegaLiteChart"] canvas {{ filter: invert(1) hue-rotate(180deg); mix-blend-mode: screen; }} }}
[data-testid="stButtonGroup"] [role="radiogroup"] {{ gap: .4rem; }}
[data-testid="stButtonGroup"] button[data-variant="segmented_control"] {{
  margin: 0; border: 1px solid {both(RULE)}; border-radius: 4px; }}
[data-testid="stButtonGroup"] button[data-variant="segmented_control"][data-selected="true"] {{
  border-color: {both(TEAL)}; }}
</style>"""
"""Of our own making only: nothing that came from outside is ever put between tags."""
