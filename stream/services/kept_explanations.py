"""Explanations of current risks, worked out once the folds that made them are committed, and kept.

Off the hot path: an explanation takes as long as dozens of steps. It is of forecasts that a fold made together, and
all that it says follows from the facts that this fold saw and from what led before it. So it never changes: where the
forecasts end, it ends to be current with them, and no lock is needed to write it.
"""

import datetime as dt
import logging

from stream import logs
from stream.crash import reach
from stream.errors import UnknownWeights
from stream.services.explaining import ForecasterOf, explain
from stream.storage.database import Connection
from stream.storage.folding import explanations
from stream.storage.folding.explanations import ForecastsOfEndpoint, Says
from stream.storage.locks import explaining_alone, nobody_replays
from stream.storage.reading import views
from stream.storage.table_scan import one_snapshot


def explain_next(connection: Connection, forecaster_of: ForecasterOf, now: dt.datetime) -> bool:
    """Explain the risks of the timeline with the latest news; whether there may be more to do.

    There is nothing to do where another worker does it, or while somebody replays: all is folded first.
    """
    if explanations.latest_unexplained(connection) is None or not _nobody_replays(connection):
        return False
    with explaining_alone(connection) as alone:
        timeline = explanations.latest_unexplained(connection) if alone else None
        if timeline is None:
            return False
        said, why_not = _explained(connection, timeline.patient_id, forecaster_of)
        reach("explain.computed")
        with connection.transaction():
            explanations.keep(connection, timeline.patient_id, said, why_not, now)
            explanations.no_longer_waits(connection, timeline)
            reach("explain.written")
        return True


def _nobody_replays(connection: Connection) -> bool:
    with connection.transaction():
        return nobody_replays(connection)


def _explained(
    connection: Connection, patient_id: str, forecaster_of: ForecasterOf
) -> tuple[dict[ForecastsOfEndpoint, Says], dict[ForecastsOfEndpoint, str]]:
    """What is to be said of each risk of a patient that is not explained yet, and of those that cannot be why not."""
    with one_snapshot(connection):
        wanted = explanations.without_explanation(connection, patient_id)
        timepoints = views.timepoints(connection, patient_id) if wanted else []
        leads = views.leads(connection) if wanted else []
    said: dict[ForecastsOfEndpoint, Says] = {}
    why_not: dict[ForecastsOfEndpoint, str] = {}
    for each in wanted:
        try:
            (found,) = explain([each._asdict()], timepoints, leads, forecaster_of)
            said[each] = found.to_json()
        except Exception as error:  # no fold depends on it, and `explain` would say the same to whoever asks
            logs.event("not_explained", level=logging.ERROR, patient=patient_id, error=type(error).__name__)
            why_not[each] = _in_words(error)
    return said, why_not


def _in_words(error: Exception) -> str:
    """For people; what an unexpected error says may be anything, and stands in the worker's log by its kind."""
    if isinstance(error, UnknownWeights):
        return "the worker cannot get the weights that it needs"
    return f"an error in the program ({type(error).__name__})"
