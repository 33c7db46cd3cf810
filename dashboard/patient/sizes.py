"""What was measured of the lesions, visit by visit, and the limits that the next visit is judged by."""

from typing import Any

import pandas as pd

from dashboard.patient import verdicts
from dashboard.patient.case import PatientCase
from dashboard.patient.verdicts import size
from dashboard.words.responses import called

TOO_SMALL_MM = 5.0
"""What a lesion counts that is too small to measure (RECIST 1.1, 4.3.2)."""
RESPONSE_SHARE, PROGRESSION_SHARE, PROGRESSION_MM = 0.7, 1.2, 5.0
"""Limits of the sum of targets, of the baseline and of the nadir (RECIST 1.1, 4.3.1)."""
CODES = (
    "PR partial response, CR complete response, SD stable disease, PD progressive disease, NE not evaluable; "
    "\N{BLACK STAR} new lesions. Dashed: the baseline, 30 % under it, and 20 % and 5 mm over the smallest sum."
)
"""What the sums and limits of a drawing are."""
LABELS_ACROSS = 14
"""Verdicts beside each other for which a chart has room on a telephone."""
ROLES = {"target": "target", "non_target": "not a target", "new": "new"}
STATES = {"too_small": "too small", "gone": "gone", "present": "present", "not_evaluated": "not evaluated"}


def sums(case: PatientCase) -> pd.DataFrame:
    """Rows at, line, value (mm), category, label (a star: new lesions), words: a sum at each visit of each line."""
    rows = case.by_recist
    rows = rows[rows.sum_of_diameters.notna() | rows.category.notna()]
    at = case.chart.local(rows.acquired_at)
    return pd.DataFrame(
        {
            "at": at,
            "line": rows.line,
            "value": rows.sum_of_diameters,
            "category": rows.category.fillna("baseline"),
            "label": apart([_label(row) for _, row in rows.iterrows()], at.tolist()),
            "words": [_sum_words(row, case) for _, row in rows.iterrows()],
        }
    ).reset_index(drop=True)


def _label(row: pd.Series) -> str:
    return (row.category or "baseline") + (" \N{BLACK STAR}" if row.new_lesions else "")


def codes(sums: pd.DataFrame) -> str:
    """What stands in a drawing of these `sums`."""
    return CODES + (" Where visits lie close, not every verdict is written." if (sums.label == "").any() else "")


def apart(labels: list[str], at: list[pd.Timestamp]) -> list[str]:
    """`labels` without verdicts that would touch another one: what changed is written first, and of it the latest.

    Baselines stand below the line, where nothing else is.
    """
    given = [number for number, label in enumerate(labels) if label != "baseline"]
    if not given:
        return labels
    room = (max(at) - min(at)) / LABELS_ACROSS
    kept: list[int] = []
    for number in sorted(given, key=lambda number: (number > 0 and labels[number] != labels[number - 1], number))[::-1]:
        if all(abs(at[number] - at[other]) >= room for other in kept):
            kept.append(number)
    return [label if label == "baseline" or number in kept else "" for number, label in enumerate(labels)]


def _sum_words(row: pd.Series, case: PatientCase) -> str:
    total = "no complete sum" if pd.isna(row.sum_of_diameters) else f"sum {size(row.sum_of_diameters)} mm"
    return f"{case.day(row.acquired_at)}, line {row.line}: {total}, {called(row.category)}"


def are_forecast(case: PatientCase) -> bool:
    """Whether what is forecast of sizes goes on from a sum of targets: not where a line has none, or one is missing."""
    known = case.by_recist.dropna(subset="sum_of_diameters").scan_uid
    rows = case.sizes[(case.sizes.measurement == "sum_of_diameters") & case.sizes.scan_uid.isin(known)]
    return case.died_at is None and len(rows) > 0


def limits(case: PatientCase) -> pd.DataFrame:
    """Rows line, limit, start, end, value (mm), label, words: what each visit was, and the next one will be, judged by.

    `limit`: `baseline`, `response` (30 % under it), `progression` (20 % and 5 mm over the smallest sum before).
    A limit holds from one visit to the next; the last one is open to the end of the chart.
    """
    rows = case.by_recist[case.by_recist.baseline_sum.notna()]
    found = [limit for _, of_line in rows.groupby("line") for limit in _of_line(of_line, case)]
    return pd.DataFrame(found, columns=["line", "limit", "start", "end", "value", "label", "words"])


def judged_by(limits: pd.DataFrame) -> str:
    """What the next visit will be judged by, as a sentence after others; empty where nothing is open."""
    labels = limits.label[limits.end.isna()]
    return f" The next visit is judged by: {', '.join(labels)} (mm)." if len(labels) else ""


Limit = tuple[int, str, pd.Timestamp, pd.Timestamp | None, float, str, str]


def _of_line(rows: pd.DataFrame, case: PatientCase) -> list[Limit]:
    line, baseline = int(rows.line.iloc[0]), float(rows.baseline_sum.iloc[0])
    days = list(case.chart.local(rows.acquired_at))
    goes_on = line == case.line
    end = None if goes_on else days[-1]
    response = RESPONSE_SHARE * baseline
    at = f"baseline of line {line}: {size(baseline)} mm"
    under = f"partial response up to {size(response)} mm (30 % under the baseline)"
    found: list[Limit] = [
        (line, "baseline", days[0], end, baseline, f"baseline {size(baseline)}", at),
        (line, "response", days[0], end, response, f"PR to {size(response)}", under),
    ]
    nadirs = _nadirs(rows)
    for number, nadir in enumerate(nadirs):
        until = days[number + 1] if number + 1 < len(days) else None
        if until is None and not goes_on:
            break
        value = max(PROGRESSION_SHARE * nadir, nadir + PROGRESSION_MM)
        words = f"progression from {size(value)} mm (smallest sum {size(nadir)} mm, and 20 % and 5 mm more)"
        found.append((line, "progression", days[number], until, value, f"PD from {size(value)}", words))
    return found


def _nadirs(rows: pd.DataFrame) -> list[float]:
    """The smallest sum up to each visit of a line: by the verdict after it, of the last one its own or that before."""
    told = [float(nadir) for nadir in rows.nadir_sum.iloc[1:]]
    last = rows.iloc[-1]
    before = last.nadir_sum if pd.notna(last.nadir_sum) else last.baseline_sum
    own = last.sum_of_diameters
    return [*told, float(before if pd.isna(own) else min(before, own))]


def lesions(case: PatientCase) -> pd.DataFrame:
    """Rows at, series, value (mm; none: not evaluated), role, words: what each visit says of each lesion.

    Nodes by their short axis; one that is too small to measure counts 5 mm, one that is gone 0.
    """
    rows, names = case.lesions, case.labels
    said = list(rows.itertuples())
    found = pd.DataFrame(
        {
            "at": case.chart.local(rows.acquired_at),
            "series": [_series(lesion, node, names) for lesion, node in zip(rows.lesion_id, rows.node, strict=True)],
            "value": [millimetres(row) for row in said],
            "role": rows.role,
        }
    )
    found["words"] = [
        f"{series}, {at:%Y-%m-%d}: {_said(lesion, value)}"
        for series, at, value, lesion in zip(found["series"], found["at"], found["value"], said, strict=True)
    ]
    measured = found.groupby("series").value.transform("count") > 0
    return found[measured].reset_index(drop=True)


def _series(lesion: str, node: bool, names: dict[str, str]) -> str:
    return f"{names[lesion]}, short axis" if node and "node" not in names[lesion].lower() else names[lesion]


def millimetres(row: Any) -> float | None:
    """What a lesion counts at a visit; None where nothing was measured."""
    if row.state == "gone":
        return 0.0
    stated = row.short_axis_mm if row.node else row.long_axis_mm
    if pd.notna(stated):
        return float(stated)
    return TOO_SMALL_MM if row.state == "too_small" else None


def _said(row: Any, value: float | None) -> str:
    """`14 mm`, `too small (counts 5 mm)`, `gone`, `present, unequivocal progression`."""
    return f"{_size(row.state, value)}, unequivocal progression" if row.progressed else _size(row.state, value)


def _size(state: str, value: float | None) -> str:
    if state == "too_small":
        return f"{STATES[state]} (counts {size(TOO_SMALL_MM if value is None else value)} mm)"
    return (
        f"{size(value)} mm"
        if state == "measured" and value is not None and pd.notna(value)
        else STATES.get(state, state)
    )


def lesion_table(case: PatientCase) -> pd.DataFrame:
    """A row per lesion: name, organ, role, and at each visit mm and % change from the baseline of the line."""
    rows, names = case.lesions, case.labels
    days = _titles(case)
    references = _references(case)
    table = []
    for lesion, of_lesion in rows.groupby("lesion_id", sort=False):
        at_visits = {row.scan_uid: row for _, row in of_lesion.iterrows()}
        first = min(list(days).index(scan) for scan in at_visits)
        cells = {
            title: _cell(at_visits.get(scan), at_visits.get(references.get(scan, ""))) if number >= first else ""
            for number, (scan, title) in enumerate(days.items())
        }
        role = _role(of_lesion)
        table.append({"Lesion": names[lesion], "Organ": _organ(of_lesion.iloc[0]), "Counts as": role, **cells})
    return pd.DataFrame(table, columns=["Lesion", "Organ", "Counts as", *days.values()])


def _titles(case: PatientCase) -> dict[str, str]:
    """By scan_uid the day of each visit, two of one day told apart."""
    titles: dict[str, str] = {}
    for _, visit in case.visits.iterrows():
        day = f"{case.day(visit.acquired_at)}"
        titles[visit.scan_uid] = f"{day} ({len(titles) + 1})" if day in titles.values() else day
    return titles


def _references(case: PatientCase) -> dict[str, str]:
    """By scan_uid of a visit that of the baseline it is judged against: the last one that lies before it."""
    baselines = case.by_recist[case.by_recist.category.isna()]
    found: dict[str, str] = {}
    for _, visit in case.visits.iterrows():
        before = baselines[baselines.acquired_at < visit.acquired_at]
        if len(before):
            found[visit.scan_uid] = before.scan_uid.iloc[-1]
    return found


def _role(of_lesion: pd.DataFrame) -> str:
    """Its role, by line where it changed: `target, in line 2 not a target`."""
    roles: dict[int, str] = {}
    for line, role in zip(of_lesion.line, of_lesion.role, strict=True):
        roles[line] = ROLES.get(role, "counts as none")
    (_, first), *others = roles.items()
    return ", ".join([first, *(f"in line {line} {role}" for line, role in others if role != first)])


def _organ(row: pd.Series) -> str:
    return "lymph node" if row.node else row.organ or ""


def _cell(row: pd.Series | None, reference: pd.Series | None) -> str:
    if row is None:
        return "not reported"
    value = millimetres(row)
    baseline = None if reference is None else millimetres(reference)
    said = _said(row, value)
    if row.state != "measured" or value is None or not baseline:
        return said
    return f"{said} ({verdicts.signed(100 * (value - baseline) / baseline)} %)"
