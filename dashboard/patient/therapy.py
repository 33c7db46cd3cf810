"""Lines of therapy and treatments of one patient on one axis of time."""

import pandas as pd

from dashboard.patient.case import PatientCase


def spans(case: PatientCase) -> pd.DataFrame:
    """Rows start, end (NaT: goes on), label, is_line, words: the lines by their baselines, then every treatment."""
    return pd.concat([_lines(case), _treatments(case)], ignore_index=True)


def _lines(case: PatientCase) -> pd.DataFrame:
    """Each line from its baseline to that of the next."""
    rows = case.questions.dropna(subset="baseline_at").drop_duplicates("line")
    start = case.chart.local(rows.baseline_at)
    end = start.shift(-1).fillna(_death(case))
    label = "Line " + rows.line.astype(str) + " of therapy"
    return _frame(start, end, label, is_line=True)


def _treatments(case: PatientCase) -> pd.DataFrame:
    rows = case.treatments
    ends = case.chart.local(rows.end_at)
    ends = ends.where(ends <= case.chart.local(pd.Series([case.now]))[0])  # what lies ahead has not ended yet
    return _frame(
        case.chart.local(rows.start_at), ends.fillna(_death(case)), rows.name + " (" + rows.kind + ")", is_line=False
    )


def _death(case: PatientCase) -> pd.Timestamp:
    """What ends whatever goes on; NaT of who is alive."""
    return case.chart.local(pd.Series([case.died_at]))[0]


def _frame(start: pd.Series, end: pd.Series, label: pd.Series, is_line: bool) -> pd.DataFrame:
    until = end.dt.strftime("%Y-%m-%d").fillna("today, goes on")
    return pd.DataFrame(
        {
            "start": start,
            "end": end,
            "label": label + end.isna().map({True: ", goes on", False: ""}),
            "is_line": is_line,
            "words": label + " from " + start.dt.strftime("%Y-%m-%d") + " to " + until,
        }
    )


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """`spans` in words."""
    end = rows.end.dt.strftime("%Y-%m-%d").fillna("goes on")
    return pd.DataFrame({"What": rows.label, "From": rows.start.dt.strftime("%Y-%m-%d"), "To": end})
