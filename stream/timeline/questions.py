"""Which questions are open of a patient: for each line of therapy and endpoint, whether it can still be observed."""

import datetime as dt
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from models.criteria.visit import LineOfTherapy, Verdict
from stream.timeline.entries import DAY, OutcomeFact
from stream.vocabulary import UNKNOWN_DISEASE

PROGRESSION, RESPONSE, DEATH = "progression", "objective_response", "death"


class QuestionStatus(StrEnum):
    """Whether an endpoint can still be observed in a line, or why not."""

    OPEN = "open"
    OCCURRED = "occurred"
    KNOWN = "known"
    CLOSED = "closed"
    NO_BASELINE = "no_baseline"
    NOT_MEASURABLE = "not_measurable"
    DISEASE_UNKNOWN = "disease_unknown"


class Question(NamedTuple):
    """The status of an endpoint in a line, since when, why in a sentence, and the scan that decided it."""

    line: int
    endpoint: str
    status: QuestionStatus
    since: dt.datetime | None
    because: str
    scan_uid: str | None
    baseline_at: dt.datetime | None
    nadir_at: dt.datetime | None


def questions(
    lines: Sequence[LineOfTherapy], endpoints: Iterable[str], outcomes: Sequence[OutcomeFact], disease: str
) -> tuple[Question, ...]:
    """One for each line and endpoint, in this order."""
    names = sorted({PROGRESSION, *endpoints})
    return tuple(
        _question(line, lines[position + 1] if position + 1 < len(lines) else None, name, outcomes, disease)
        for position, line in enumerate(lines)
        for name in names
    )


def _question(
    line: LineOfTherapy, following: LineOfTherapy | None, endpoint: str, outcomes: Sequence[OutcomeFact], disease: str
) -> Question:
    baseline_at = line.baseline.at if line.baseline else None
    judged = [verdict for verdict in line.verdicts if verdict.category is not None]
    nadir_at = judged[-1].nadir_at if judged else baseline_at
    status, since, because, scan_uid = (
        _occurred(judged, endpoint)
        or _known(line, following, endpoint, outcomes)
        or _closed(outcomes, following)
        or _not_to_be_asked(line, endpoint, disease)
        or (QuestionStatus.OPEN, baseline_at, _not_yet(line, endpoint, outcomes), None)
    )
    return Question(line.number, endpoint, status, since, because, scan_uid, baseline_at, nadir_at)


Answer = tuple[QuestionStatus, dt.datetime | None, str, str | None]
"""Status, since when, why, and the scan that decided it."""


def _occurred(judged: Sequence[Verdict], endpoint: str) -> Answer | None:
    """By the first verdict that says so."""
    categories = {PROGRESSION: ("PD",), RESPONSE: ("CR", "PR")}.get(endpoint, ())
    first = next((verdict for verdict in judged if verdict.category in categories), None)
    return (QuestionStatus.OCCURRED, first.at, first.trace, first.scan_uid) if first else None


def _known(
    line: LineOfTherapy, following: LineOfTherapy | None, endpoint: str, outcomes: Sequence[OutcomeFact]
) -> Answer | None:
    """An outcome of the line, or of the patient; of one that did not happen only where that settles it (pCR)."""
    entered = (one for one in outcomes if one.endpoint == endpoint and (one.event or endpoint == "pcr"))
    one = next((one for one in entered if _is_of_line(one, line, following)), None)
    if one is None:
        return None
    said = f"The outcome {endpoint} was entered: it {'happened' if one.event else 'did not happen'}."
    return QuestionStatus.KNOWN, one.at, said, None


def _is_of_line(outcome: OutcomeFact, line: LineOfTherapy, following: LineOfTherapy | None) -> bool:
    """What happens to lesions belongs to the line of its day; all else, and what has no day, to the last one."""
    if outcome.at is None or outcome.endpoint not in (PROGRESSION, RESPONSE):
        return following is None
    begun = not _is_before(outcome, line)
    return begun and (following is None or not following.start_day or outcome.at.date() <= following.start_day)


def _is_before(outcome: OutcomeFact, line: LineOfTherapy) -> bool:
    """Whether it lies before the baseline; one that is dated by day lies anywhere in it."""
    return outcome.at is not None and line.baseline is not None and outcome.at + DAY <= line.baseline.at


def _not_yet(line: LineOfTherapy, endpoint: str, outcomes: Sequence[OutcomeFact]) -> str:
    early = (one for one in outcomes if one.endpoint == endpoint and one.event and _is_before(one, line))
    said = next((f" The outcome of {one.at:%Y-%m-%d} lies before the baseline." for one in early), "")
    return f"It has not been observed yet.{said}"


def _closed(outcomes: Sequence[OutcomeFact], following: LineOfTherapy | None) -> Answer | None:
    if following is not None:
        day = f" on {following.start_day}" if following.start_day else ""
        return QuestionStatus.CLOSED, None, f"The line ended: line {following.number} began{day}.", None
    death = next((one for one in outcomes if one.endpoint == DEATH and one.event), None)
    return (QuestionStatus.CLOSED, death.at, "The patient has died.", None) if death else None


def _not_to_be_asked(line: LineOfTherapy, endpoint: str, disease: str) -> Answer | None:
    if endpoint in (PROGRESSION, RESPONSE) and line.baseline is None:
        return QuestionStatus.NO_BASELINE, None, "No scan of the line says anything of lesions.", None
    if disease == "unknown":
        return QuestionStatus.DISEASE_UNKNOWN, None, UNKNOWN_DISEASE, None
    if endpoint in (PROGRESSION, RESPONSE) and line.baseline and not is_measurable(line):
        said = "At the baseline no target was measured: progression is judged by other and new lesions, not forecast."
        return QuestionStatus.NOT_MEASURABLE, line.baseline.at, said, line.baseline.scan_uid
    return None


def is_measurable(line: LineOfTherapy) -> bool:
    """Whether its baseline has a sum of diameters, against which progression and response are judged."""
    return bool(line.verdicts) and line.verdicts[0].sum_of_diameters is not None
