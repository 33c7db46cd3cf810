"""Why a risk moved, as it was worked out when the scan was folded."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from dashboard import ranking, wording

TRIED_AGAIN = (
    "The forecast itself stands. It is tried again with the next news of this patient, or after "
    "`scanstream replay --patient`."
)
Answer = Sequence[Mapping[str, Any]]
"""An item per endpoint, as `scanstream explain --json` prints them."""


def answer(explained: pd.DataFrame) -> Answer | None:
    """What is said of each endpoint's current risks, but for those that failed; None while any of it is worked out.

    `explained`: a row for each current risk, with what its column `says` of all of the endpoint, or `why_not`.
    """
    rows = _by_endpoint(explained)
    rows = rows[rows.why_not.isna()]
    return None if rows.says.isna().any() else list(rows.says)


def failures(explained: pd.DataFrame) -> Iterator[str]:
    """A sentence on each endpoint that could not be explained."""
    rows = _by_endpoint(explained)
    for row in rows[rows.why_not.notna()].itertuples():
        yield f"{wording.endpoint(row.endpoint)}: this could not be worked out. Why: {row.why_not}. {TRIED_AGAIN}"


def _by_endpoint(explained: pd.DataFrame) -> pd.DataFrame:
    return explained.drop_duplicates(["endpoint", "scan_uid", "weights_version"])


def moved(answer: Answer) -> dict[ranking.Kind, Mapping[str, Any]]:
    """By kind of forecast the risk before and now, when both scans were, and the parts.

    `other_weights`: who said the risk before, where these are not the weights that say it now. Kinds without an
    earlier forecast are not there.
    """
    return {
        (of["endpoint"], change["horizon_kind"], change["horizon_days"]): {
            **change,
            "before_at": pd.Timestamp(of["before_scan_of"]),
            "acquired_at": pd.Timestamp(of["scan_of"]),
            "other_weights": _other_weights(of),
        }
        for of in answer
        for change in of["moved"]
    }


def _other_weights(of: Mapping[str, Any]) -> str | None:
    before = of["before_weights_version"]
    return None if before in (None, of["weights_version"]) else str(before)[:8]


def parts(endpoint: str, change: Mapping[str, Any]) -> pd.DataFrame:
    """Rows part, points, label, trend, words of one forecast that moved, in their order."""
    columns = {
        "part": [part["words"] for part in change["parts"]],
        "points": [100 * part["change"] for part in change["parts"]],
        "label": [wording.tenths(part["change"]) for part in change["parts"]],
        "trend": [wording.trend(part["change"], endpoint) for part in change["parts"]],
        "words": [part["says"] for part in change["parts"]],
    }
    return pd.DataFrame(columns)


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """The parts as text: what, and how many points."""
    return pd.DataFrame({"Part": frame.part, "Points": frame.label})


def flags(answer: Answer) -> Iterator[str]:
    """A sentence on each thing that the training data did not cover."""
    for of in answer:
        for flag in of["outside_training"] or ():
            yield f"{wording.endpoint(of['endpoint'])}: outside the training data is {flag['says']}."


def remarks(answer: Answer) -> Iterator[str]:
    """A sentence where there is no flag, or could be none, and where nothing could have moved."""
    for of in answer:
        title = wording.endpoint(of["endpoint"])
        if of["outside_training"] is None:
            yield f"{title}: the card of these weights does not say what the training data covered."
        elif not of["outside_training"]:
            yield f"{title}: nothing about this scan lies outside the training data."
        if not of["moved"]:
            yield f"{title}: this is the first forecast, there is none before that it could have moved from."


def arms(of: Mapping[str, Any]) -> pd.DataFrame:
    """A row per arm, a column per forecast; empty for a model that does not see treatments."""
    rows = (of["arms"] or {"rows": ()})["rows"]
    return pd.DataFrame([{"Arm": row["arm"], **dict(map(_cell, row["forecasts"]))} for row in rows])


def _cell(forecast: Mapping[str, Any]) -> tuple[str, str]:
    """Title of the column and words of the cell."""
    title = wording.forecast(forecast["endpoint"], forecast["horizon_kind"], forecast["horizon_days"])
    interval = wording.interval(forecast["risk_low"], forecast["risk_high"])
    return title, f"{wording.percent(forecast['risk'])} ({interval})"
