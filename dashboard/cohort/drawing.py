"""What all figures of a cohort share: colours of responses, axes and signs."""

from collections.abc import Sequence
from typing import Literal

import altair as alt
import pandas as pd

from dashboard.cohort import words
from dashboard.style import INK, LASTING, MUTED, PARTIAL, STABLE, TEAL, WORSE
from dashboard.words.responses import titled

RESPONSE_COLOURS = {
    titled("CR"): TEAL,
    titled("PR"): PARTIAL,
    titled("SD"): STABLE,
    titled("Non-CR/Non-PD"): LASTING,
    titled("PD"): WORSE,
    titled("NE"): INK,
}
STAR = "M0,-1L0.23,-0.31L0.95,-0.31L0.36,0.12L0.59,0.81L0,0.38L-0.59,0.81L-0.36,0.12L-0.95,-0.31L-0.23,-0.31Z"


def limit_rules(limits: words.Limits) -> list[alt.Chart]:
    """Dashed lines at the response and the progression of the criterion, and one at no change."""
    return [rule.encode(y=alt.Y("change:Q")) for rule in _rules(limits)]


def upright_rules(limits: words.Limits) -> list[alt.Chart]:
    """The same where the axis of changes goes to the right."""
    return [rule.encode(x=alt.X("change:Q")) for rule in _rules(limits)]


def _rules(limits: words.Limits) -> tuple[alt.Chart, alt.Chart]:
    dashed = pd.DataFrame({"change": [limits.progression, limits.response]})
    rules = alt.Chart(dashed).mark_rule(color=MUTED, strokeDash=[5, 4], strokeWidth=1.3)
    return rules, alt.Chart(pd.DataFrame({"change": [0.0]})).mark_rule(color=INK, strokeWidth=1)


def responses(frame: pd.DataFrame) -> alt.Color:
    """Colours of the responses that are in `frame`, best first, with a legend."""
    return alt.Color("response:N", scale=response_scale(frame), legend=legend())


def response_scale(frame: pd.DataFrame) -> alt.Scale:
    """Domain and colours of the responses that are in `frame`."""
    there = [name for name in RESPONSE_COLOURS if name in set(frame.response)]
    return alt.Scale(domain=there, range=[RESPONSE_COLOURS[name] for name in there])


def signs(shapes: dict[str, str], colours: dict[str, str]) -> tuple[alt.Shape, alt.Color]:
    """Shape and colour of each `mark`, in one legend."""
    names = list(shapes)
    shape = alt.Scale(domain=names, range=[shapes[name] for name in names])
    colour = alt.Scale(domain=names, range=[colours[name] for name in names])
    return alt.Shape("mark:N", scale=shape, legend=legend("bottom")), alt.Color(
        "mark:N", scale=colour, legend=legend("bottom")
    )


def legend(orient: Literal["top", "bottom"] = "top") -> alt.Legend:
    """Above or below the figure, without a title, narrow enough for a small screen."""
    return alt.Legend(orient=orient, title=None, labelLimit=150, symbolSize=90, columns=2)


def months(name: str, title: str, reach: float, marks: Sequence[int] | None = None) -> alt.X:
    """The axis of time, from 0 to `reach`, with its `marks` where they are given."""
    axis = alt.Axis(title=title, grid=False, tickMinStep=1, tickCount=8)
    if marks is not None:
        axis = alt.Axis(title=title, grid=False, values=[int(mark) for mark in marks])
    return alt.X(f"{name}:Q", scale=alt.Scale(domain=[0, max(reach, 1.0)], nice=False), axis=axis)


def change(name: str, limits: words.Limits) -> alt.Y:
    """The axis of changes of a sum."""
    axis = alt.Axis(title=f"change of the {limits.of} (%)", tickCount=6, domain=False)
    return alt.Y(f"{name}:Q", scale=alt.Scale(zero=True, nice=True), axis=axis)


def tooltip() -> alt.Tooltip:
    """The words of a mark, beside the pointer."""
    return alt.Tooltip("words:N", title=" ")
