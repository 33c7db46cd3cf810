"""Everybody can read the pages: contrasts of WCAG 2.2, level AA, in the light and in the dark theme."""

import re
from pathlib import Path

import pytest

import dashboard
from dashboard import style
from dashboard.cohort.drawing import RESPONSE_COLOURS
from dashboard.style import BETTER, DARK, INK, LASTING, MUTED, PANEL, PAPER, PARTIAL, SERIES, STABLE, TEAL, WORSE

TEXT, MARK = 4.5, 3.0
"""Least contrasts of text [1.4.3] and of what is drawn [1.4.11]."""
LIGHT = {colour: colour for colour in DARK}
WRITTEN = (INK, MUTED, TEAL, BETTER, WORSE)
DRAWN = {*SERIES, *RESPONSE_COLOURS.values(), PARTIAL, STABLE, LASTING}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("one", "other", "published"),
    [("#000000", "#ffffff", 21.0), ("#767676", "#ffffff", 4.54), ("#ffffff", "#ffffff", 1)],
)
def test_the_formula_gives_what_is_published(one: str, other: str, published: float) -> None:
    assert contrast(one, other) == pytest.approx(published, abs=0.005)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_marks_stand_out_in_both_themes(theme: dict[str, str]) -> None:
    for ground in (PAPER, PANEL):
        assert {name for name in WRITTEN if contrast(theme[name], theme[ground]) < TEXT} == set()
    assert {name for name in DRAWN if contrast(theme[name], theme[PAPER]) < MARK} == set()


def test_every_colour_of_the_pages_has_its_counterpart_for_the_dark() -> None:
    package = Path(dashboard.__file__).parent
    elsewhere = {
        file.name: found
        for file in package.rglob("*.py")
        if file.name != "style.py" and (found := re.findall(r"#[0-9a-fA-F]{3,8}\b", file.read_text()))
    }
    assert elsewhere == {}, "a colour that style does not know stays as it is in the dark theme"
    named = {value for value in vars(style).values() if re.fullmatch("#[0-9a-f]{6}", str(value))}
    assert named | set(SERIES) == set(DARK)
