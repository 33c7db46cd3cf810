"""Which forecasts there are, which of them leads on the worklist, and who comes first."""

import pandas as pd

from dashboard import wording

Kind = tuple[str, str, int | None]
"""endpoint, horizon_kind, horizon_days (None unless the horizon is in days)."""

MAIN_HORIZONS = (180, 365, 90)
"""In the order in which one of them leads: six months is the question that is asked first."""


def kinds(rows: pd.DataFrame) -> list[Kind]:
    """The kind of forecast of every row."""
    days = [None if pd.isna(days) else int(days) for days in rows.horizon_days]
    return list(zip(rows.endpoint, rows.horizon_kind, days, strict=True))


def known_kinds(rows: pd.DataFrame) -> list[Kind]:
    """Every kind of forecast in `rows` once, the one that leads first."""
    return sorted(set(kinds(rows)), key=_importance)


def by_horizon(kind: Kind) -> tuple[str, str, int]:
    """Sorts kinds by endpoint, then the nearest horizon first."""
    endpoint, horizon_kind, days = kind
    return endpoint, horizon_kind, days or 0


def of_kind(rows: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """The rows of one kind of forecast."""
    return rows[[each == kind for each in kinds(rows)]]


def main_forecasts(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each patient the forecast that leads."""
    kind_of = kinds(rows)
    order = sorted(range(len(rows)), key=lambda number: _importance(kind_of[number]))
    return rows.iloc[order].drop_duplicates("patient_id")


def worst_change_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Sorted by change for the worse, then by how bad the risk is; who has no forecast before comes last."""
    signs = rows.endpoint.map(wording.sign).astype(float)
    order = rows.assign(worsening=rows.change * signs, badness=rows.risk * signs).sort_values(
        ["worsening", "badness", "patient_id"], ascending=[False, False, True], na_position="last"
    )
    return order.drop(columns=["worsening", "badness"])


def _importance(kind: Kind) -> tuple[int, str, int, str, int]:
    endpoint, horizon_kind, days = kind
    known = list(wording.ENDPOINTS)
    place = known.index(endpoint) if endpoint in known else len(known)
    horizon = MAIN_HORIZONS.index(days) if days in MAIN_HORIZONS else len(MAIN_HORIZONS)
    return place, endpoint, horizon, horizon_kind, days or 0
