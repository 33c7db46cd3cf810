"""The command replay: folds timelines again, from stored timepoints or from files measured again."""

from typing import Annotated

import typer

from stream.errors import AnswerIsNo, WrongUse
from stream.settings import Settings, load_settings
from stream.terminal.options import PATIENT_HELP, Json
from stream.terminal.questions import connected, find_timeline

OUTCOMES = ("same", "changed", "failed")


def register(app: typer.Typer) -> None:
    """Add replay."""
    app.command(epilog="Example: scanstream replay --model progression; scanstream replay --remeasure")(replay)


def replay(
    patient: Annotated[str | None, typer.Option(help=f"One patient, else all. {PATIENT_HELP}")] = None,
    model: Annotated[str | None, typer.Option(help="Name of one model; else all.")] = None,
    remeasure: Annotated[
        bool, typer.Option("--remeasure", help="Measure the files in the archive again first, with today's reader.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fold again from stored timepoints, and say what changed."""
    settings = load_settings()
    patient = find_timeline(settings, patient) if patient else None
    if remeasure:
        _remeasure(settings, patient, model, as_json)
        return
    from stream.services.recovery import replay as again
    from stream.storage.folding.active_weights import active_versions_of
    from stream.storage.folding.states import timelines_with_scans, timelines_with_states
    from stream.terminal.printing import print_json
    from stream.terminal.progress import progress
    from stream.wiring.replaying import replaying

    with connected(settings, "worker") as connection:
        weights = active_versions_of(connection, model)
        if not weights:
            raise AnswerIsNo(f"No active weights of model {model}: `scanstream model list` names them.")
        timelines = (timelines_with_states if model else timelines_with_scans)(connection, weights)
        waiting = [timeline for timeline in timelines if patient in (None, timeline.patient_id)]
        if not waiting:
            raise AnswerIsNo(f"Nothing to fold again for {patient or 'any patient'}.")
        patients = [timeline.patient_id for timeline in waiting]
        before = again.standing(connection, patients)
        total = sum(timeline.steps for timeline in waiting)
        with replaying(settings) as (asking, reconciler, others), progress("replay", total) as advance:
            for steps in again.replay(asking, reconciler, waiting, weights, others):
                advance(steps)
        changed, largest = again.compare(before, again.standing(connection, patients))
    if as_json:
        print_json({"timelines": len(waiting), "changed": changed, "largest_difference": largest})
    else:
        print(f"{len(waiting)} timelines folded again; {changed} forecasts changed, by {largest:.2g} at most.")


def _remeasure(settings: Settings, patient: str | None, model: str | None, as_json: bool) -> None:
    from stream.terminal.printing import print_json
    from stream.terminal.progress import progress
    from stream.wiring.remeasuring import remeasuring

    if model:
        raise WrongUse("Measuring again is for all models: leave --model away.")
    with (
        connected(settings, "worker") as connection,
        remeasuring(settings, connection, patient) as again,
        progress("measure", again.total) as advance,
    ):
        outcomes = [outcome for batch in again.outcomes(advance) for outcome in batch]
    groups = {word: [outcome for outcome in outcomes if outcome.what == word] for word in OUTCOMES}
    if as_json:
        numbers = {word: len(group) for word, group in groups.items()}
        print_json({"measured": len(outcomes), **numbers, "outcomes": [vars(outcome) for outcome in outcomes]})
    else:
        for outcome in (*groups["changed"], *groups["failed"]):
            print(f"{outcome.what:8} scan {outcome.scan_uid} revision {outcome.revision}: {outcome.says}")
        counts = ", ".join(f"{len(group)} {word}" for word, group in groups.items())
        print(f"{len(outcomes)} scans measured again: {counts}.")
    if failed := groups["failed"]:
        raise AnswerIsNo(f"{len(failed)} of {len(outcomes)} scans could not be measured again.")
