"""What was and is forecast of one patient, ready to be drawn: each forecast for as long as it held."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard import ranking, wording
from dashboard.patient.case import PatientCase
from dashboard.patient.verdicts import written
from stream.vocabulary import Role


class Flag(NamedTuple):
    """The `risk` from which on a forecast counts as high, and in words whose limit that is and what it means."""

    risk: float
    words: str


def forecasts(case: PatientCase) -> pd.DataFrame:
    """Rows of risk_history that led, one for each standing visit and kind: that which stands, else the last that did.

    A forecast that ended as its question was closed had held until then; one of a scan after the day on which it was
    closed, as was entered later, had never held.
    """
    rows = case.history[case.history.role == Role.LEAD]
    if case.visits.empty:
        rows = rows[rows.superseded_at.isna()].assign(line=1)
    else:
        line_of = dict(zip(case.visits.scan_uid, case.visits.line, strict=True))
        rows = rows[rows.scan_uid.isin(line_of)]
        rows = rows.assign(line=[line_of[scan] for scan in rows.scan_uid])
    rows = rows.sort_values(["superseded_at", "computed_at"], kind="stable", na_position="last")
    kind = ["scan_uid", "endpoint", "horizon_kind", "horizon_days"]
    rows = rows.drop_duplicates(kind, keep="last").sort_values("acquired_at", kind="stable")
    ends = [case.ended.get(question) for question in zip(rows.endpoint, rows.line, strict=True)]
    starts = case.chart.local(rows.acquired_at)
    return rows[[end is None or at <= end for at, end in zip(starts, ends, strict=True)]]


def steps(case: PatientCase, led: pd.DataFrame, kind: ranking.Kind) -> pd.DataFrame:
    """Rows at, line, until (NaT: still holds), risk, risk_low, risk_high, said_by, words of one kind of `forecasts`."""
    rows = ranking.of_kind(led, kind)
    days = [case.day(at) for at in rows.acquired_at]
    told = zip(days, rows.risk, rows.risk_low, rows.risk_high, strict=True)
    return pd.DataFrame(
        {
            "at": case.chart.local(rows.acquired_at).to_numpy(),
            "line": rows.line.to_numpy(),
            "until": np.array([case.ended.get((kind[0], line)) for line in rows.line], dtype="datetime64[us]"),
            **{name: rows[name].to_numpy() for name in ("risk", "risk_low", "risk_high")},
            "said_by": [wording.said_by(*pair) for pair in zip(rows.model, rows.weights_version, strict=True)],
            "words": [
                f"{day}: {wording.percent(risk)}, interval {wording.interval(*both)}" for day, risk, *both in told
            ],
        }
    )


def events(case: PatientCase, kind: ranking.Kind, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows at, label: where other weights begin to speak, and where the question was closed."""
    changed = frame[frame.said_by.ne(frame.said_by.shift()) & (frame.index != 0)]
    found = [(row.at, f"from here: {row.said_by}") for row in changed.itertuples()]
    rows = case.questions[(case.questions.endpoint == kind[0]) & (case.questions.status == "occurred")]
    name = wording.endpoint(kind[0]).lower()
    days = case.chart.local(rows.since)
    found += [(at, f"{name} observed (line {line})") for at, line in zip(days, rows.line, strict=True)]
    return pd.DataFrame(found, columns=["at", "label"])


def flag(case: PatientCase, kind: ranking.Kind) -> Flag | None:
    """The risk from which on the card of the weights counts a forecast as high, and what that means; None without."""
    if case.current.empty:
        return None
    current = ranking.of_kind(case.current, kind)
    cards = case.cards[case.cards.weights_version.isin(current.weights_version)]
    if cards.empty:
        return None
    endpoint, horizon_kind, days = kind
    place = f"within {days} days" if days else wording.HORIZONS.get(horizon_kind, "")
    scores = [score for score in cards.card.iloc[0].get("metrics", {}).get("scores", []) if score["place"] == place]
    of_lead = {score["measure"]: score["lead"] for score in scores if score.get("lead")}
    if not {"recall", "precision"} <= of_lead.keys():
        return None
    limit, with_event, high = scores[0]["threshold"], of_lead["recall"][0], of_lead["precision"][0]
    words = (
        f"Dashed: the card of the model counts a forecast of {wording.percent(limit)} or more as high, whoever the "
        f"patient is. In patients left out of training, {wording.percent(with_event)} of those with the event had one "
        f"as high, and of those with one as high {wording.percent(high)} had the event."
    )
    return Flag(limit, words)


def table(case: PatientCase) -> pd.DataFrame:
    """The forecasts that stand now in words: what, risk, interval, from which scan, until when, who said it."""
    rows = case.current
    marks = ["stale" if stale else "" for stale in rows.stale]
    provisional = ["provisional" if each else "" for each in rows.provisional]
    return pd.DataFrame(
        {
            "Forecast": [wording.forecast(*kind) for kind in ranking.kinds(rows)],
            "Risk": [wording.percent(risk) for risk in rows.risk],
            "90 % interval": [wording.interval(*pair) for pair in zip(rows.risk_low, rows.risk_high, strict=True)],
            "Direction": [wording.direction(name) for name in rows.endpoint],
            "From the scan of": [written(case.day(at)) for at in rows.acquired_at],
            "Until": ["" if pd.isna(at) else written(case.day(at)) for at in rows.valid_until],
            "Remark": [", ".join(filter(None, pair)) for pair in zip(marks, provisional, strict=True)],
            "Said by": [wording.said_by(*pair) for pair in zip(rows.model, rows.weights_version, strict=True)],
        }
    )
