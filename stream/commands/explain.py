"""The command that says why: explain."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stream.commands.status import Json, ask, find_patient
from stream.errors import AnswerIsNo
from stream.settings import Settings, load_settings

if TYPE_CHECKING:
    from models.explaining.explain import Moved
    from models.forecast import RiskForecast
    from stream.services.explaining import Explained

HORIZONS = {"next_visit": "at the next visit", "end_of_treatment": "at the end of treatment", "now": "now"}


def register(app: typer.Typer) -> None:
    """Add explain."""
    app.command(epilog="Example: scanstream explain PEPRFRP56HFE3XF5TUD7HTWRHWZ --horizon 180")(explain)


def explain(
    patient: Annotated[str, typer.Argument(help="Pseudonym, or the hospital's ID (with the vault role).")],
    endpoint: Annotated[str | None, typer.Option(help="One endpoint, as `risk` names it; else all.")] = None,
    horizon: Annotated[int | None, typer.Option(help="Days ahead; else all horizons.")] = None,
    role: Annotated[str, typer.Option(help="Role to read as, without the prefix.")] = "reader",
    as_json: Json = False,
) -> None:
    """Why a patient's risks moved at the latest scan, whether the patient is unlike those in training, other arms.

    The timeline is folded again with the weights that led; nothing is written.
    """
    from stream.terminal.printing import print_json

    settings = load_settings()
    found = [
        one
        for pseudonym in find_patient(settings, patient, role)
        for one in _explained(settings, role, pseudonym, (endpoint, horizon))
    ]
    if not found:
        raise AnswerIsNo(
            f"No forecast {_asked(endpoint, horizon)}stands for {patient}: `scanstream risk` lists those that do."
        )
    if as_json:
        print_json([one.to_json() for one in found])
        return
    for one in found:
        _print(one)


def _asked(endpoint: str | None, horizon: int | None) -> str:
    return (f"of {endpoint} " if endpoint else "") + (f"within {horizon} days " if horizon else "")


def _explained(settings: Settings, role: str, patient: str, wanted: tuple[str | None, int | None]) -> list["Explained"]:
    from functools import cache

    from stream.archive.kept_weights import at_hand
    from stream.services.explaining import explain as told
    from stream.storage import views
    from stream.storage.table_scan import one_snapshot

    def read(connection: Any) -> tuple[list, list, list]:
        with one_snapshot(connection):
            seen, leads = views.timepoints(connection, patient), views.leads(connection)
            return views.current_risk(connection, [patient]), seen, leads

    current, timepoints, leads = ask(settings, role, read)
    endpoint, horizon = wanted
    asked = [row for row in current if endpoint in (None, row["endpoint"]) and horizon in (None, row["horizon_days"])]
    return told(asked, timepoints, leads, cache(lambda version: at_hand(settings, version)))


def _print(one: "Explained") -> None:
    print(f"{one.patient_id}  {one.endpoint} by {one.forecaster.card.model} {one.forecaster.weights_version[:12]}, "
          f"after the scan of {one.visits[-1]:%Y-%m-%d}")  # fmt: skip
    if not one.moved:
        for forecast in one.forecasts:
            print(f"  {_within(forecast)}: {_risk(forecast)}")
        print("  It is the first forecast: there is no earlier one that it could have moved from.")
    for moved in one.moved:
        _print_moved(moved, f"{one.before_at:%Y-%m-%d}")
    _print_unusual(one)
    _print_arms(one)
    for at, gate in zip(one.visits, one.gates, strict=True):
        print(f"  gates {at:%Y-%m-%d}: input {gate.input:.2f}, forget {gate.forget:.2f}, output {gate.output:.2f}, "
              f"cell {gate.cell:.2f}")  # fmt: skip


def _print_moved(moved: "Moved", before_at: str) -> None:
    print(f"  {_within(moved.now)}: {_risk(moved.now)}, after {100 * moved.before:.1f} % at the scan of {before_at}")
    for part in moved.parts:
        print(f"    {part}")


def _print_unusual(one: "Explained") -> None:
    if not one.ranges_known:
        print("  The card of these weights does not say what the training data covered.")
    elif not one.unusual:
        print("  Nothing about this scan lies outside the training data.")
    for each in one.unusual:
        print(f"  Outside the training data: {each}.")


def _print_arms(one: "Explained") -> None:
    from models.explaining.arms import ASSOCIATION

    if not one.arms:
        print("  This model does not see treatments: it has no forecast by arm.")
        return
    print(f"  By arm ({ASSOCIATION}):")
    for each in one.arms:
        risks = ", ".join(f"{_within(forecast)} {_risk(forecast)}" for forecast in each.forecasts)
        print(f"    {each.arm}: {risks}")


def _within(forecast: "RiskForecast") -> str:
    days = forecast.horizon_days
    return f"within {days} days" if days else HORIZONS[forecast.horizon_kind]


def _risk(forecast: "RiskForecast") -> str:
    return (
        f"{100 * forecast.risk:.1f} % (90 % interval {100 * forecast.risk_low:.0f} to {100 * forecast.risk_high:.0f} %)"
    )
