"""The command that says why: explain."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stream.errors import AnswerIsNo
from stream.settings import Settings, load_settings
from stream.terminal.options import Json, Patient
from stream.terminal.questions import ask, find_patients

if TYPE_CHECKING:
    from models.explaining.risk_change import RiskChange
    from models.forecast import RiskForecast
    from stream.services.explaining import Explanation
    from stream.storage.database import Connection
    from stream.storage.folding.active_weights import Lead
    from stream.storage.reading.views import TimepointRow

Row = dict[str, Any]
HORIZONS = {"next_visit": "at the next visit", "end_of_treatment": "at the end of treatment", "now": "now"}
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

    The timeline is folded again with the weights that led; nothing is written.
    """
    from stream.terminal.printing import print_json

    settings = load_settings()
    explanations = [
        explanation
        for pseudonym in find_patients(settings, patient, role)
        for explanation in _explanations(settings, role, pseudonym, (endpoint, horizon))
    ]
    if not explanations:
        raise AnswerIsNo(
            f"No forecast {_which(endpoint, horizon)}stands for {patient}: `scanstream risk` lists those that do."
        )
    if as_json:
        print_json([explanation.to_json() for explanation in explanations])
        return
    for explanation in explanations:
        _print(explanation, detail)


def _which(endpoint: str | None, horizon: int | None) -> str:
    return (f"of {endpoint} " if endpoint else "") + (f"within {horizon} days " if horizon else "")


def _explanations(
    settings: Settings, role: str, patient: str, wanted: tuple[str | None, int | None]
) -> list["Explanation"]:
    from functools import cache

    from stream.archive.kept_weights import at_hand
    from stream.services import explaining
    from stream.storage.reading import views
    from stream.storage.table_scan import one_snapshot

    def read(connection: "Connection") -> tuple[list[Row], list["TimepointRow"], list["Lead"]]:
        with one_snapshot(connection):
            timepoints, leads = views.timepoints(connection, patient), views.leads(connection)
            return views.current_risk(connection, [patient]), timepoints, leads

    current, timepoints, leads = ask(settings, role, read)
    endpoint, horizon = wanted
    rows = [row for row in current if endpoint in (None, row["endpoint"]) and horizon in (None, row["horizon_days"])]
    return explaining.explain(rows, timepoints, leads, cache(lambda version: at_hand(settings, version)))


def _print(explanation: "Explanation", detail: bool) -> None:
    forecaster = explanation.forecaster
    model = f"{forecaster.card.model} {forecaster.weights_version[:12]}"
    after = f"after the scan of {explanation.visits[-1]:%Y-%m-%d}"
    print(f"{explanation.patient_id}  {explanation.endpoint} by {model}, {after}")
    if not explanation.moved:
        for forecast in explanation.forecasts:
            print(f"  {_within(forecast)}: {_risk(forecast)}")
        print("  It is the first forecast: there is no earlier one that it could have moved from.")
    for moved in explanation.moved:
        _print_moved(moved, f"{explanation.before_at:%Y-%m-%d}")
    _print_unusual(explanation)
    _print_arms(explanation)
    if detail:
        _print_gates(explanation)
    if explanation.moved:
        print(f"  {_in_short(explanation)}")


def _in_short(explanation: "Explanation") -> str:
    """The risk that moved most, and what moved it most, in a sentence."""
    moved = max(explanation.moved, key=lambda one: abs(_change(one)))
    points = 100 * _change(moved)
    what = f"the risk of {explanation.endpoint} {_within(moved.now)}"
    if abs(points) < HARDLY:
        return f"In short: {what} is what it was at the scan before."
    most = max(moved.parts, key=lambda part: part.change * points)
    way = "rose" if points > 0 else "fell"
    return f"In short: {what} {way} by {abs(points):.1f} points, most of all by this: {most}."


def _change(moved: "RiskChange") -> float:
    return moved.now.risk - moved.before


def _print_gates(explanation: "Explanation") -> None:
    for at, gate in zip(explanation.visits, explanation.gates, strict=True):
        print(
            f"  gates {at:%Y-%m-%d}: input {gate.input:.2f}, forget {gate.forget:.2f}, output {gate.output:.2f}, "
            f"cell {gate.cell:.2f}"
        )


def _print_moved(moved: "RiskChange", before_at: str) -> None:
    print(f"  {_within(moved.now)}: {_risk(moved.now)}, after {100 * moved.before:.1f} % at the scan of {before_at}")
    for part in moved.parts:
        print(f"    {part}")


def _print_unusual(explanation: "Explanation") -> None:
    if not explanation.ranges_known:
        print("  The card of these weights does not say what the training data covered.")
    elif not explanation.unusual:
        print("  Nothing about this scan lies outside the training data.")
    for flag in explanation.unusual:
        print(f"  Outside the training data: {flag}.")


def _print_arms(explanation: "Explanation") -> None:
    from models.explaining.arms import ASSOCIATION

    if not explanation.arms:
        print("  This model does not see treatments: it has no forecast by arm.")
        return
    print(f"  By arm ({ASSOCIATION}):")
    for arm in explanation.arms:
        risks = ", ".join(f"{_within(forecast)} {_risk(forecast)}" for forecast in arm.forecasts)
        print(f"    {arm.arm}: {risks}")


def _within(forecast: "RiskForecast") -> str:
    days = forecast.horizon_days
    return f"within {days} days" if days else HORIZONS[forecast.horizon_kind]


def _risk(forecast: "RiskForecast") -> str:
    return (
        f"{100 * forecast.risk:.1f} % (90 % interval {100 * forecast.risk_low:.0f} to {100 * forecast.risk_high:.0f} %)"
    )
