"""The look of all pages: ink on paper, blue for the better and vermilion for the worse, told apart by everyone.

Colours are of Okabe and Ito's palette (2008), darkened until text in them has a contrast of 4.5 : 1 on the paper.
"""

PAPER, PANEL, INK, MUTED, RULE = "#ffffff", "#f4f6f7", "#16232e", "#5b6873", "#d5dce1"
TEAL, BETTER, WORSE, NEUTRAL = "#0b5563", "#0a67a3", "#b8400a", "#5b6873"
SERIES = ("#16232e", "#0072b2", "#d55e00", "#008f68", "#9a4f7e", "#9c6a00", "#3a8fbd", "#5b6873")
"""Colours of lines, the first for the sum; lines are told apart by their marks too."""

THEME = {
    "base": "light",
    "primaryColor": TEAL,
    "backgroundColor": PAPER,
    "secondaryBackgroundColor": PANEL,
    "textColor": INK,
    "linkColor": TEAL,
    "linkUnderline": "false",
    "borderColor": RULE,
    "baseRadius": "4px",
    "baseFontSize": "15",
    "headingFont": "serif",
    "headingFontSizes": "1.9rem,1.3rem,1.1rem",
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

_STEPS = f"""<path d="M2 24 H9 V17 H16 V20 H23 V9 H30" fill="none" stroke="{TEAL}" stroke-width="2.6"/>
<circle cx="30" cy="9" r="3.2" fill="{WORSE}"/>"""
"""A step line that ends in its newest point: what the service draws for every patient."""

ICON = f'<svg xmlns="http://www.w3.org/2000/svg" width="34" height="32" viewBox="0 0 34 32">{_STEPS}</svg>'
LOGO = f"""<svg xmlns="http://www.w3.org/2000/svg" width="172" height="32" viewBox="0 0 172 32">
{_STEPS}
<text x="42" y="22" font-family="Georgia, 'Liberation Serif', serif" font-size="20" fill="{INK}">ScanStream</text>
</svg>"""

CSS = f"""<style>
.stApp {{ font-variant-numeric: tabular-nums; }}
.stMainBlockContainer {{ padding: 4.2rem 2.5rem 3rem 2.5rem; max-width: 1440px; }}
[class*="st-key-row-"] {{ border-top: 1px solid {RULE}; padding: .4rem 0 .3rem 0; }}
h1 {{ padding: .3rem 0 .5rem 0 !important; }}
[class*="st-key-row-"] p {{ line-height: 1.35; margin-bottom: 0; }}
[class*="st-key-row-"] [data-testid="stPageLink"] a {{ padding-left: 0; }}
[class*="st-key-row-"] [data-testid="stPageLink"] p, [class*="st-key-mono"] p {{
  font-family: "Source Code Pro", monospace; font-size: .83rem; color: {TEAL}; font-weight: 600; }}
[class*="st-key-note-"] [data-testid="stText"] {{ font-size: .87rem; color: {MUTED}; }}
[class*="st-key-story-"] [data-testid="stText"] {{ font-size: 1.05rem; line-height: 1.5; max-width: 62rem; }}
.told {{ overflow-x: auto; }}
.told table {{ border-collapse: collapse; font-size: .84rem; }}
.told caption {{ text-align: left; color: {MUTED}; padding: 0 0 .4rem 0; }}
.told th, .told td {{ text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; font-weight: 400; }}
.told thead th {{ font-weight: 600; white-space: nowrap; }}
.told tr {{ border-bottom: 1px solid {RULE}; }}
.st-key-research p {{ font-size: .82rem; letter-spacing: .01em; }}
.st-key-research {{ border-left: 3px solid {WORSE}; padding-left: .7rem; }}
</style>"""
"""Of our own making only: nothing that came from outside is ever put between tags."""
