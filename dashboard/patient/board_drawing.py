"""The two drawings of the page for the tumour board, on the same days: treatments, and sums with their limits."""

from collections.abc import Sequence

import pandas as pd
from reportlab.lib.colors import HexColor
from reportlab.platypus import Flowable

from dashboard.charts import Span
from dashboard.patient.charts import LIMITS
from dashboard.style import INK, MUTED, RULE, TEAL

FONT, SIZE = "Vera", 6.5
LEFT, FOOT = 26.0, 12.0
"""Points left of the days, for values, and below them, for dates."""


class DatedDrawing(Flowable):  # type: ignore[misc] # reportlab says no types
    """A drawing over the days of a patient."""

    def __init__(self, span: Span, width: float, height: float) -> None:
        super().__init__()
        self.span, self.width, self.height = span, width, height

    def wrap(self, *_: float) -> tuple[float, float]:
        """Width and height in points, as the page asks for them."""
        return self.width, self.height

    def x(self, at: pd.Timestamp) -> float:
        """Where a day is, in points."""
        share = float((at - self.span.first) / (self.span.last - self.span.first))
        return LEFT + min(max(share, 0.0), 1.0) * (self.width - LEFT)

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float, dash: bool = False) -> None:
        """Straight pieces through `points`."""
        self.canv.setStrokeColor(HexColor(colour))
        self.canv.setLineWidth(width)
        self.canv.setDash([3, 2] if dash else [])
        for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
            self.canv.line(x0, y0, x1, y1)
        self.canv.setDash([])

    def words(self, x: float, y: float, text: str, colour: str = INK, right: bool = False) -> None:
        """A short text; signs that the type does not have are left out."""
        self.canv.setFont(FONT, SIZE)
        self.canv.setFillColor(HexColor(colour))
        shown = text.replace("\N{BLACK STAR}", "*")
        (self.canv.drawRightString if right else self.canv.drawString)(x, y, shown)

    def days(self) -> None:
        """The axis of days, a date at the first of some months."""
        self.line([(LEFT, FOOT), (self.width, FOOT)], RULE, 0.6)
        months = pd.date_range(self.span.first, self.span.last, freq="MS")
        for month in months[:: 1 + len(months) // 9]:
            self.line([(self.x(month), FOOT), (self.x(month), FOOT - 2)], RULE, 0.6)
            if self.x(month) + 20 < self.width:
                self.words(self.x(month) - 14, FOOT - 10, f"{month:%Y-%m-%d}", MUTED)


class TherapyDrawing(DatedDrawing):
    """Lines of therapy and treatments, a lane each; `spans` as of therapy.spans."""

    LANE = 12.0

    def __init__(self, spans: pd.DataFrame, span: Span, width: float) -> None:
        super().__init__(span, width, FOOT + 2 + self.LANE * len(spans))
        self.spans = spans

    def draw(self) -> None:
        """Called by the page."""
        self.days()
        for lane, row in enumerate(self.spans.itertuples()):
            y = self.height - self.LANE * (lane + 1) + 2
            start, end = self.x(row.start), self.x(self.span.held if pd.isna(row.end) else row.end)
            self.canv.setFillColor(HexColor(INK if row.is_line else TEAL, hasAlpha=False).clone(alpha=0.18))
            self.canv.rect(start, y, max(end - start, 1), self.LANE - 3, stroke=0, fill=1)
            self.line([(start, y), (start, y + self.LANE - 3)], INK if row.is_line else TEAL, 1.2)
            self.words(start + 3, y + 2.2, row.label)


class SumsDrawing(DatedDrawing):
    """Sums of targets with their verdicts and limits; `sums` and `limits` as of the module sizes."""

    def __init__(self, sums: pd.DataFrame, limits: pd.DataFrame, span: Span, width: float) -> None:
        super().__init__(span, width, 110)
        self.sums, self.limits = sums, limits
        self.top = max(sums.value.max(), limits.value.max() if len(limits) else 0.0) * 1.12 or 1.0

    def y(self, value: float) -> float:
        """Where a size is, in points."""
        return FOOT + value / self.top * (self.height - FOOT)

    def draw(self) -> None:
        """Called by the page."""
        self.days()
        for share in (0.0, 0.5, 1.0):
            self.words(
                LEFT - 4, self.y(share * self.top / 1.12) - 2, f"{share * self.top / 1.12:.0f}", MUTED, right=True
            )
        lowest = 0.0
        for limit in self.limits.sort_values("value").itertuples():
            end = self.x(self.span.held if pd.isna(limit.end) else limit.end)
            y = self.y(limit.value)
            self.line([(self.x(limit.start), y), (end, y)], LIMITS[limit.limit], 0.9, dash=True)
            if pd.isna(limit.end):
                lowest = max(y + 2, lowest + SIZE)  # no name over another
                self.words(end, lowest, limit.label, LIMITS[limit.limit], right=True)
        measured = self.sums[self.sums.value.notna()]
        for _, of_line in measured.groupby("line"):
            points = [(self.x(row.at), self.y(row.value)) for row in of_line.itertuples()]
            self.line(points, INK, 1.6)
        for row in measured.itertuples():
            self.canv.setFillColor(HexColor(INK))
            self.canv.circle(self.x(row.at), self.y(row.value), 1.9, stroke=0, fill=1)
            self.words(self.x(row.at) - 5, self.y(row.value) + (-9 if row.category == "baseline" else 5), row.label)
