"""The command that says why: explain."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stream.errors import AnswerIsNo
from stream.percentages import interval
from stream.settings import Settings, load_settings
from stream.terminal.days import PatientDays
from stream.terminal.options import Json, Patient
from stream.terminal.questions import ask, days_of, find_timelines
from stream.terminal.risk_story import within

if TYPE_CHECKING:
    from stream.storage.database import Connection

Says = dict[str, Any]
"""What is said of the risks of one endpoint: `Explanation.to_json`."""
HARDLY = 0.05
"""Points that are shown as 0.0."""


def register(app: typer.Typer) -> None:
    """Add explain."""
    app.command(epilog="Example: scanstream explain PEPRFRP56HFE3XF5TUD7HTWRHWZ --horizon 180")(explain)


def explain(
    patient: Patient,
    endpoint: Annotated[str | None, typer.Option(help="One endpoint, as `risk` names it; else all.")] = None,
    horizon: Annotated[int | None, typer.Option(help="Days ahead; else all horizons.")] = None,
    role: Annotated[str, typer.Option(help="Role to read as, without the prefix.")] = "reader",
    detail: Annotated[bool, typer.Option("--detail", help="Gates of the network at each visit too.")] = False,
    as_json: Json = False,
) -> None:
    """Why a patient's risks moved at the latest scan, whether the patient is unlike those in training, other arms.

    It is worked out once a scan is folded, and kept. Until it is, it is worked out here; nothing is written.
    """
    from stream.terminal.printing import print_json

    settings = load_settings()
    explanations = [
        explanation
        for pseudonym in find_timelines(settings, patient, role)
        for explanation in _explanations(settings, role, pseudonym, (endpoint, horizon))
    ]
    if not explanations:
        raise AnswerIsNo(
            f"No forecast {_which(endpoint, horizon)}stands for {patient}: `scanstream risk {patient}` says which do, "
            "or why none does."
        )
    if as_json:
        print_json(explanations)
        return
    for explanation in explanations:
        _print(explanation, days_of(settings, [explanation["patient_id"]]), detail)


def _which(endpoint: str | None, horizon: int | None) -> str:
    return (f"of {endpoint} " if endpoint else "") + (f"within {horizon} days " if horizon else "")


def _explanations(settings: Settings, role: str, patient: str, wanted: tuple[str | None, int | None]) -> list[Says]:
    """What is kept of each endpoint's risks, without horizons that nobody asked for or that stand no more."""
    from stream.storage.reading.views import explained

    endpoint, horizon = wanted
    rows = [
        row
        for row in ask(settings, role, lambda connection: explained(connection, patient))
        if endpoint in (None, row["endpoint"]) and horizon in (None, row["horizon_days"])
    ]
    by_forecast = {_forecast(row): row["says"] for row in rows}
    if any(says is None for says in by_forecast.values()):
        by_forecast = {_forecast(says): says for says in _worked_out(settings, role, patient)}
    horizons: dict[tuple[str, ...], list[tuple[str, int | None]]] = {}
    for row in rows:
        horizons.setdefault(_forecast(row), []).append(_horizon(row))
    return [_only(by_forecast[each], of_it) for each, of_it in horizons.items() if each in by_forecast]


def _forecast(row: Says) -> tuple[str, ...]:
    return row["endpoint"], row["weights_version"], row["scan_uid"]


def _horizon(row: Says) -> tuple[str, int | None]:
    return row["horizon_kind"], row["horizon_days"]


def _only(says: Says, horizons: list[tuple[str, int | None]]) -> Says:
    """The same of some horizons."""

    def those(rows: list[Says]) -> list[Says]:
        return [row for row in rows if _horizon(row) in horizons]

    arms = says["arms"] and {
        **says["arms"],
        "rows": [{**row, "forecasts": those(row["forecasts"])} for row in says["arms"]["rows"]],
    }
    return {**says, "forecasts": those(says["forecasts"]), "moved": those(says["moved"]), "arms": arms}


def _worked_out(settings: Settings, role: str, patient: str) -> list[Says]:
    """By folding the timeline again, with the weights that led."""
    from functools import cache

    from stream.archive.kept_weights import at_hand
    from stream.services import explaining
    from stream.storage.reading import views
    from stream.storage.table_scan import one_snapshot

    def read(connection: "Connection") -> tuple[Any, Any, Any]:
        with one_snapshot(connection):
            timepoints, leads = views.timepoints(connection, patient), views.leads(connection)
            return views.current_risk(connection, [patient]), timepoints, leads

    forecaster_of = cache(lambda version: at_hand(settings, version))
    return [each.to_json() for each in explaining.explain(*ask(settings, role, read), forecaster_of)]


def _print(says: Says, days: PatientDays, detail: bool) -> None:
    model = f"{says['model']} {says['weights_version'][:12]}"
    patient = says["patient_id"]
    print(f"{patient}  {says['endpoint']} by {model}, after the scan of {_day(patient, says['scan_of'], days)}")
    now = {_horizon(forecast): forecast for forecast in says["forecasts"]}
    if not says["moved"]:
        for forecast in says["forecasts"]:
            print(f"  {within(forecast)}: {_risk(forecast)}")
        print("  It is the first forecast: there is no earlier one that it could have moved from.")
    for moved in says["moved"]:
        before = f"after {100 * moved['before']:.1f} % at the scan of {_day(patient, says['before_scan_of'], days)}"
        print(f"  {within(moved)}: {_risk(now[_horizon(moved)])}, {before}")
        for part in moved["parts"]:
            print(f"    {part['says']}")
    _print_unusual(says)
    _print_arms(says)
    if detail:
        _print_gates(says, days)
    if says["moved"]:
        print(f"  {_in_short(says)}")


def _in_short(says: Says) -> str:
    """The risk that moved most, and what moved it most, in a sentence."""
    moved = max(says["moved"], key=lambda one: abs(one["risk"] - one["before"]))
    points = 100 * (moved["risk"] - moved["before"])
    what = f"the risk of {says['endpoint']} {within(moved)}"
    if abs(points) < HARDLY:
        return f"In short: {what} is what it was at the scan before."
    most = max(moved["parts"], key=lambda part: part["change"] * points)
    way = "rose" if points > 0 else "fell"
    return f"In short: {what} {way} by {abs(points):.1f} points, most of all by this: {most['says']}."


def _print_gates(says: Says, days: PatientDays) -> None:
    for gate in says["gates"]:
        print(
            f"  gates {_day(says['patient_id'], gate['acquired_at'], days)}: "
            f"input {gate['input']:.2f}, forget {gate['forget']:.2f}, "
            f"output {gate['output']:.2f}, cell {gate['cell']:.2f}"
        )


def _print_unusual(says: Says) -> None:
    if says["outside_training"] is None:
        print("  The card of these weights does not say what the training data covered.")
    elif not says["outside_training"]:
        print("  Nothing about this scan lies outside the training data.")
    for flag in says["outside_training"] or ():
        print(f"  Outside the training data: {flag['says']}.")


def _print_arms(says: Says) -> None:
    if not says["arms"]:
        print("  This model does not see treatments: it has no forecast by arm.")
        return
    print(f"  By arm ({says['arms']['says']}):")
    for arm in says["arms"]["rows"]:
        risks = ", ".join(f"{within(forecast)} {_risk(forecast)}" for forecast in arm["forecasts"])
        print(f"    {arm['arm']}: {risks}")


def _day(patient_id: str, at: str, days: PatientDays) -> str:
    """Of a moment as JSON writes it."""
    return days.of(patient_id, dt.datetime.fromisoformat(at))


def _risk(forecast: Says) -> str:
    ends = interval(forecast["risk_low"], forecast["risk_high"])
    return f"{100 * forecast['risk']:.1f} % (90 % interval {ends})"
