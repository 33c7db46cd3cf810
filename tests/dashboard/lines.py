"""Lines of therapy as the views give them, for figures and tables to be drawn of."""

import datetime as dt

import pandas as pd

BASELINE = pd.Timestamp("2025-01-06", tz="UTC")
Visit = tuple[int, float, str, int]
"""Day, change (%), category, new lesions."""


def lines(**visits: list[Visit]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of line_outcome and of line_visit of patients by name; each has its baseline before its `visits`."""
    rows = [_outcome(patient, of) for patient, of in visits.items()]
    points = [point for patient, of in visits.items() for point in _points(patient, of)]
    return pd.DataFrame(rows), pd.DataFrame(points)


def _outcome(patient: str, visits: list[Visit]) -> dict[str, object]:
    progression = next((day for day, _, category, _ in visits if category == "PD"), None)
    response = next((day for day, _, category, _ in visits if category in ("CR", "PR")), None)
    categories = [category for _, _, category, _ in visits]
    best = next((each for each in ("CR", "PR", "SD", "PD") if each in categories), "NE")
    last = visits[-1][0]
    return {
        "patient_id": patient,
        "line": 1,
        "trial": "ONE",
        "arm": "A" if patient < "PM" else "B",
        "disease": "lung",
        "last_line": True,
        "baseline_at": BASELINE,
        "visits": len(visits),
        "best_change": min(change for _, change, _, _ in visits),
        "best_response": best,
        "confirmed_response": best if categories.count(best) > 1 or best in ("SD", "PD") else "SD",
        "response_day": float("nan") if response is None else response,
        "progression_day": float("nan") if progression is None else progression,
        "death_day": float("nan"),
        "adequate_day": last,
        "alive_day": last,
        "pfs_days": last if progression is None else progression,
        "pfs_event": progression is not None,
        "os_days": last,
        "os_event": False,
        "not_evaluable": None,
        "group": "All together",
    }


def _points(patient: str, visits: list[Visit]) -> list[dict[str, object]]:
    rows = [(0, float("nan"), None, 0), *visits]
    return [
        {
            "patient_id": patient,
            "on_day": (BASELINE + dt.timedelta(days=day)).date(),
            "day": day,
            "category": category,
            "percent_from_baseline": change,
            "percent_from_nadir": change,
            "new_lesions": new,
            "counts": True,
        }
        for day, change, category, new in rows
    ]
