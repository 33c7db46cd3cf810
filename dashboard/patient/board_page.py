"""One page for the tumour board, as PDF: what the patient's page says, in the same words."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pandas as pd
import reportlab
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Image, KeepInFrame, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from dashboard import wording
from dashboard.patient import growth, risks, sizes, story, tables, therapy
from dashboard.patient.board_drawing import SumsDrawing, TherapyDrawing
from dashboard.patient.case import PatientCase
from dashboard.patient.growth import GrowthRow
from dashboard.patient.key_slices import KeySliceRow, in_words
from dashboard.patient.verdicts import written
from dashboard.style import INK, MUTED, RULE, WORSE
from stream.png import png
from stream.vocabulary import RECIST

MARGIN = 14 * mm
VISITS_SHOWN, LESIONS_SHOWN, LESION_VISITS_SHOWN, PICTURES_ACROSS, MAPS_ACROSS = 6, 10, 5, 4, 6
SANS, BOLD = "Vera", "Vera-Bold"
FONTS = {SANS: "Vera.ttf", BOLD: "VeraBd.ttf"}
BODY = ParagraphStyle("body", fontName=SANS, fontSize=8.6, leading=11.5, textColor=HexColor(INK))
SMALL = ParagraphStyle("small", BODY, fontSize=6.8, leading=8.6)
QUIET = ParagraphStyle("quiet", SMALL, textColor=HexColor(MUTED))
HEAD = ParagraphStyle("head", BODY, fontName=BOLD, fontSize=9.4, leading=12, spaceBefore=5, spaceAfter=2)
TITLE = ParagraphStyle("title", HEAD, fontSize=14, leading=18)
WARNING = ParagraphStyle("warning", SMALL, fontName=BOLD, textColor=HexColor(WORSE))


def board_page(case: PatientCase, pictures: Sequence[KeySliceRow] = (), maps: Sequence[GrowthRow] = ()) -> bytes:
    """The page: summary, treatments, sums, verdicts, lesions, forecasts; models and versions at its foot.

    `pictures`: key slices of one scan. `maps`: growth maps of one scan.
    """
    for name, file in FONTS.items():
        pdfmetrics.registerFont(TTFont(name, Path(reportlab.__file__).parent / "fonts" / file))
    written_to = io.BytesIO()
    document = SimpleDocTemplate(
        written_to,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=f"ScanStream, {case.patient}",
        author="ScanStream",
        invariant=True,
    )
    parts = list(_parts(case, pictures, maps, document.width))
    document.build([KeepInFrame(document.width, document.height - 12, parts, mode="shrink")])
    return written_to.getvalue()


def _parts(
    case: PatientCase, pictures: Sequence[KeySliceRow], maps: Sequence[GrowthRow], width: float
) -> Sequence[Flowable]:
    as_of = " (as known then)" if case.past else ""
    parts = [
        _text(wording.RESEARCH_USE.replace("*", ""), WARNING),
        _text(case.patient, TITLE),
        _text(f"{case.chart.summary()}. Written on {written(case.day(case.now))}{as_of}.", QUIET),
        _text("How is this patient doing?", HEAD),
        *[_text(sentence, BODY) for sentence in story.summary(case)],
        *_drawn(case, width),
        *_pictured(case, pictures, width),
        *_tables(case, width),
        *_mapped(case, maps, width),
        Spacer(0, 4),
        _text(_source(case), QUIET),
    ]
    return [part for part in parts if part is not None]


def _drawn(case: PatientCase, width: float) -> list[Flowable]:
    spans, sums = therapy.spans(case), sizes.sums(case)
    if spans.empty or case.chart.scans.empty:
        return []
    drawn: list[Flowable] = [_text("What was given?", HEAD), TherapyDrawing(spans, case.chart.span, width)]
    if sums.value.notna().any():
        drawn += [_text("Sum of targets (mm), verdicts and limits", HEAD)]
        drawn += [SumsDrawing(sums, sizes.limits(case), case.chart.span, width)]
        drawn += [_text(sizes.codes(sums).replace("\N{BLACK STAR}", "*"), QUIET)]
    return drawn


def _pictured(case: PatientCase, pictures: Sequence[KeySliceRow], width: float) -> list[Flowable]:
    """Each picture with what was measured of its lesion, beside each other."""
    if not pictures:
        return []
    day = written(case.day(pictures[0].acquired_at))
    beside = [(_picture(row), in_words(row)) for row in pictures]
    title = f"Key slices of the scan of {day}, each lesion outlined (bar: 10 mm)"
    return [_text(title, HEAD), _beside(beside, width / max(len(beside), PICTURES_ACROSS))]


def _mapped(case: PatientCase, maps: Sequence[GrowthRow], width: float) -> list[Flowable]:
    """Each growth map with its volume and interval, beside each other, and what these weights ever saw."""
    if not maps:
        return []
    day, across = written(case.day(maps[0].acquired_at)), width / max(len(maps), MAPS_ACROSS)
    side = min(growth.VOXELS * growth.ENLARGED / 2, across - 4)
    beside = [
        (Image(io.BytesIO(png(growth.picture(row))), side, side), growth.in_words(row, case.labels, case))
        for row in maps
    ]
    title, said = f"Where lesions may be, from the scan of {day}", growth.said_by(maps[0], case)
    return [_text(title, HEAD), _text(said, WARNING), _beside(beside, across), _text(growth.ABOUT, QUIET)]


def _beside(pictures: Sequence[tuple[Image, Iterator[str]]], across: float) -> Table:
    """Pictures in a row, `across` points each, what is said of each below it."""
    cells = [[image for image, _ in pictures], [_text(", ".join(words), SMALL) for _, words in pictures]]
    table = Table(cells, colWidths=[across] * len(pictures), hAlign="LEFT")
    table.setStyle(TableStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _picture(row: KeySliceRow) -> Image:
    """As large as on the patient's page, where a pixel of the screen is half a point."""
    across = row.shown_px / 2
    return Image(io.BytesIO(row.png), across, across * row.height / row.width)


def _tables(case: PatientCase, width: float) -> list[Flowable]:
    verdict = tables.verdict_table(case)
    verdict = verdict[verdict.Criterion == RECIST].drop(columns="Criterion").head(VISITS_SHOWN)
    lesion = sizes.lesion_table(case)
    days = list(lesion.columns[3:])[-LESION_VISITS_SHOWN:]
    lesion = lesion[[*lesion.columns[:3], *days]].head(LESIONS_SHOWN)
    found = [("Verdicts, the newest first", verdict), ("Lesions, visit by visit", lesion)]
    found.append(("Forecasts that stand", risks.table(case).drop(columns="Said by")))
    parts: list[Flowable] = []
    for title, frame in found:
        if len(frame):
            parts += [_text(title, HEAD), _table(frame, width)]
    hidden = len(case.labels) - len(lesion)
    if hidden > 0:
        parts.append(_text(f"{hidden} more lesions are on the patient's page.", QUIET))
    return parts


def _table(frame: pd.DataFrame, width: float) -> Table:
    head = [_text(str(name), ParagraphStyle("th", SMALL, fontName=BOLD)) for name in frame.columns]
    rows = [[_text(str(cell), SMALL) for cell in row] for row in frame.itertuples(index=False)]
    table = Table([head, *rows], colWidths=[width / len(frame.columns)] * len(frame.columns), hAlign="LEFT")
    lines = ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(RULE))
    tight = [(name, (0, 0), (-1, -1), pad) for name, pad in (("TOPPADDING", 1), ("BOTTOMPADDING", 1.5))]
    table.setStyle(
        TableStyle([lines, *tight, ("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    )
    return table


def _source(case: PatientCase) -> str:
    """Who said what is forecast, by what rule responses are judged, and what the intervals are."""
    pairs = case.current[["model", "weights_version"]].drop_duplicates().itertuples(index=False, name=None)
    said = "; ".join(wording.said_by(*pair) for pair in pairs)
    forecasts = f"Forecasts by {said}; intervals are the models' own uncertainty. " if said else ""
    return f"{forecasts}Responses by {RECIST}. Days are those of the scans. Pseudonym, no name: look it up in the PACS."


def _text(words: str, style: ParagraphStyle) -> Paragraph:
    """Text as it is: no markup, and a box for each sign that the type does not have."""
    glyphs = pdfmetrics.getFont(style.fontName).face.charToGlyph
    shown = "".join(sign if ord(sign) in glyphs else "\N{WHITE SQUARE}" for sign in words)
    return Paragraph(escape(shown), style)
