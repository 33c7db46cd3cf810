"""What growth maps are told of treatment: the lines and drugs of a patient in the words of the simulated ones."""

from collections.abc import Sequence

from models.growth.network import VisitContext
from models.timepoint import TreatmentInForce

RADIATION = frozenset({"radiation", "radiotherapy"})
SURGERY = "surgery"
"""Kinds of treatment; any other is a drug's. No simulated patient was operated."""


def visit_context(treatments: Sequence[TreatmentInForce], elapsed_days: float | None) -> VisitContext:
    """The context of a visit `elapsed_days` after the lesion's last outline (None: the first).

    A second line is a drug that began once another had ended; of what was over before the last outline nothing is told.
    """
    given = [each for each in treatments if each.kind != SURGERY and _is_news(each, elapsed_days)]
    drugs = [each for each in treatments if each.kind not in (*RADIATION, SURGERY)]
    later = [each for each in drugs if each in given and any(_follows(each, other) for other in drugs)]
    of_line = later or given
    return VisitContext(
        elapsed_days,
        drug=any(each.days_since_end is None for each in drugs),
        radiation=any(each.kind in RADIATION for each in given),
        line=2 if later else min(1, len(given)),
        line_days=max((each.days_since_start for each in of_line), default=0.0),
    )


def _is_news(treatment: TreatmentInForce, elapsed_days: float | None) -> bool:
    """Whether it went on after the last outline."""
    ended = treatment.days_since_end
    return ended is None or elapsed_days is None or ended < elapsed_days


def _follows(drug: TreatmentInForce, other: TreatmentInForce) -> bool:
    return other.days_since_end is not None and drug.days_since_start <= other.days_since_end and other is not drug
