"""How a patient is doing, in three sentences: the response, what is open or closed, what is missing or overdue.

The page, its files and the page for the tumour board all say these.
"""

from collections.abc import Iterator

import pandas as pd

from dashboard import ranking, set_aside_words, wording
from dashboard.patient import verdicts, waiting, why
from dashboard.patient.case import PatientCase
from dashboard.patient.verdicts import listed, sentence, written
from dashboard.words.responses import called
from stream.vocabulary import EXPLANATIONS, RECIST, UNKNOWN_DISEASE, Status

BASELINE_DAYS = 28
"""A baseline is at most so long before treatment begins (RECIST 1.1, 3.2.1)."""
UNDER_WAY = (Status.RECEIVING, Status.MEASURING, Status.WAITING)


def summary(case: PatientCase) -> list[str]:
    """The three sentences, each of one or more clauses."""
    return [response(case), question(case), missing(case)]


def response(case: PatientCase) -> str:
    """A death, then the latest verdict with its day and reason, the best of the line, and what other criteria say."""
    return " ".join([*_death(case), _response(case)])


def _death(case: PatientCase) -> Iterator[str]:
    """The day of death, and scans that contradict it."""
    if case.died_at is None:
        return
    died = case.day(case.died_at)
    yield f"The patient died on {written(died)}."
    later = sorted({day for at in case.visits.acquired_at if (day := case.day(at)) > died})
    if later:
        days = listed([written(day) for day in later])
        yield f"Scans of {days} came after that: the day of death is wrong, or these are somebody else's."


def _response(case: PatientCase) -> str:
    rows, judged = case.by_recist, case.judged
    baselines = rows[rows.category.isna()].sort_values("acquired_at", kind="stable")
    if rows.empty:
        return "No visit says anything of lesions yet, so there is no response."
    if judged.empty:
        return f"{sentence(baselines.iloc[-1], case)} There is no visit after it yet, so there is no response."
    last = judged.iloc[-1]
    if baselines.iloc[-1].acquired_at >= last.acquired_at:
        others = [sentence(baselines.iloc[-1], case)]
    else:
        others = list(_of_line(judged[judged.line == last.line], case))
    others += [_beside(row, last) for _, row in _by_others(case, last).iterrows()]
    return " ".join([sentence(last, case), *others])


def _of_line(judged: pd.DataFrame, case: PatientCase) -> Iterator[str]:
    """The best response of a line where the last visit has another, and the visit at which a response began."""
    last = judged.iloc[-1]
    if last.best_overall not in (None, "NE", last.category):
        yield f"The best response of this line was {called(last.best_overall)}."
    first = _first_response(judged)
    if first is not None and first.scan_uid != last.scan_uid:
        yield f"The response began at the visit of {written(case.day(first.acquired_at))}."


def _first_response(judged: pd.DataFrame) -> pd.Series | None:
    """The visit at which the response that still lasts began; what was not evaluated does not end it."""
    first = None
    for _, row in judged[judged.category != "NE"].iloc[::-1].iterrows():
        if row.category not in ("CR", "PR"):
            break
        first = row
    return first


def _by_others(case: PatientCase, last: pd.Series) -> pd.DataFrame:
    rows = case.verdicts[(case.verdicts.scan_uid == last.scan_uid) & (case.verdicts.criterion != RECIST)]
    return rows[rows.category.notna() & (rows.line == last.line)]


def _beside(row: pd.Series, last: pd.Series) -> str:
    same = "the same" if row.category == last.category else called(row.category)
    return f"By {row.criterion} it is {same}."


def question(case: PatientCase) -> str:
    """The risk that leads with interval and until when; where its question is closed, since when and why."""
    told = [_closed(row, case) for _, row in case.closed.iterrows()]
    if case.current.empty:
        return " ".join(told) or _no_forecast(case)
    leading = ranking.main_forecasts(case.current).iloc[0]
    return " ".join([risk(leading, case), *_beyond_training(leading.endpoint, case), *told])


def _beyond_training(endpoint: str, case: PatientCase) -> Iterator[str]:
    """That a risk is a guess, which "Why did it move?" says of what."""
    if any(of["outside_training"] for of in why.answer(case.explained) or () if of["endpoint"] == endpoint):
        yield "Take it with care: the training data did not cover all of what it rests on."


def risk(row: pd.Series, case: PatientCase) -> str:
    """A forecast with its interval, the scan it counts from, and until when."""
    what = wording.forecast(row.endpoint, row.horizon_kind, row.horizon_days)
    interval = f"90 % interval {wording.interval(row.risk_low, row.risk_high)}"
    said = f"{what}: {wording.percent(row.risk)} ({interval})"
    until = "" if pd.isna(row.valid_until) else f", until {written(case.day(row.valid_until))}"
    return f"{said}, counted from the scan of {written(case.day(row.acquired_at))}{until}.{_ahead(row, case)}"


def _ahead(row: pd.Series, case: PatientCase) -> str:
    """What is left of a risk today: some of its time has passed."""
    if pd.isna(row.ahead) or case.now - row.acquired_at < pd.Timedelta(days=1):
        return ""
    interval = wording.interval(row.ahead_low, row.ahead_high)
    return f" From today until then, as nothing has been reported since: {wording.percent(row.ahead)} ({interval})."


def _closed(row: pd.Series, case: PatientCase) -> str:
    name = wording.endpoint(row.endpoint)
    if row.status == "occurred":
        since = written(case.day(row.since))
        return f"{name} was observed on {since}: nothing more is forecast of it in line {row.line}."
    since = "" if pd.isna(row.since) else f" since {written(case.day(row.since))}"
    return f"{name} is not forecast{since}: {row.because[:1].lower()}{row.because[1:]}"


def _no_forecast(case: PatientCase) -> str:
    if is_of_unknown_disease(case):
        return UNKNOWN_DISEASE
    applied = case.scans[case.scans.status == Status.APPLIED]
    if applied.empty:
        return "Nothing is forecast: no scan counts yet."
    reasons = [reason for reason in applied.reason if reason in EXPLANATIONS]
    return f"Nothing is forecast. {wording.explained(reasons[0])}" if reasons else "Nothing is forecast."


def is_of_unknown_disease(case: PatientCase) -> bool:
    """Whether a scan has no forecast because neither files nor clinical facts say the disease."""
    return bool((case.facts.disease == "unknown").any())


def missing(case: PatientCase) -> str:
    """What is not there yet, not evaluated, not sure, overdue or stale; or that nothing is."""
    clauses = list(_missing(case))
    return " ".join(clauses) or "Nothing is missing."


def _missing(case: PatientCase) -> Iterator[str]:
    yield from _not_counted(case)
    yield from _not_evaluated(case)
    yield from _not_sure(case)
    yield from _old_baseline(case)
    yield from _not_forecast(case)
    yield from _next_visit(case)


def _not_counted(case: PatientCase) -> Iterator[str]:
    latest = case.scans.drop_duplicates("scan_uid")
    for status, count in latest.status[latest.status.isin(UNDER_WAY)].value_counts().items():
        yield f"{_scans(count)} counted yet: {wording.STATUSES[status][1]}."
    aside = latest[latest.status == Status.SET_ASIDE]
    if len(aside):
        codes = [set_aside_words.REASONS[code][0].lower() for code in aside.reason_code.dropna().unique()]
        yield f"{_scans(len(aside))} counted, set aside{f' ({listed(codes)})' if codes else ''}: see Pipeline."
    yield from waiting.beside_scans(case)
    if len(case.current) and case.current.provisional.any():
        yield "The latest scan is provisional: more of it may arrive."


def _scans(count: int) -> str:
    return f"{count} scan{' is' if count == 1 else 's are'} not"


def _not_evaluated(case: PatientCase) -> Iterator[str]:
    for _, row in case.judged.tail(1).iterrows():
        names = verdicts.missing(row, case)
        if names and row.category != "NE":
            yield f"Not evaluated at the last visit: {listed(names)}."


def _not_sure(case: PatientCase) -> Iterator[str]:
    doubtful = set(case.lesions.lesion_id[case.lesions.perhaps.notna()])
    if doubtful:
        names = listed([case.labels[lesion] for lesion in sorted(doubtful)])
        yield f"It is not sure which lesion {names} is: see `scanstream lesions`."


def _old_baseline(case: PatientCase) -> Iterator[str]:
    """Of the first line, which begins with the first treatment."""
    baselines = case.questions.baseline_at[case.questions.line == 1].dropna()
    if case.line == 1 and len(baselines) and len(case.treatments):
        baseline, began = case.day(baselines.iloc[0]), case.day(case.treatments.start_at.min())
        if (days := (began - baseline).days) > BASELINE_DAYS:
            yield (
                f"The baseline of {written(baseline)} was {days} days before treatment began, RECIST 1.1 asks for "
                f"{BASELINE_DAYS} at most: what grew in between counts as grown under treatment."
            )


def _not_forecast(case: PatientCase) -> Iterator[str]:
    last = case.last_visit
    if last is not None and len(case.current) and case.current.acquired_at.max() < last.acquired_at:
        yield f"The visit of {written(case.day(last.acquired_at))} has no forecast: the one before it stands."


def _next_visit(case: PatientCase) -> Iterator[str]:
    last = case.last_visit
    if last is None or case.died_at is not None or (case.closed.because == "The patient has died.").any():
        return
    usual, late = written(case.day(last.next_usual_at)), case.now > last.overdue_after
    stale = ", and what was forecast is stale" if len(case.current) else ""
    if late and _is_answered(case):
        yield f"No visit has come since: the next one was usual on {usual}{stale}."
    elif late:
        days = (case.day(case.now) - case.day(last.next_usual_at)).days
        yield f"The next visit was usual on {usual} and is overdue by {days:,} days{stale}."
    else:
        yield f"The next visit is usual about {usual}."


def _is_answered(case: PatientCase) -> bool:
    """Whether progression is answered in the current line: then, as on the worklist, no visit is overdue for it."""
    rows = case.closed
    return bool(((rows.endpoint == "progression") & rows.status.isin(["occurred", "known", "closed"])).any())
