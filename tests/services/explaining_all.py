"""Working out whatever waits to be explained, as a worker does when nothing is there to be folded."""

import datetime as dt
from collections.abc import Callable

from models.serving.forecaster import Forecaster
from stream.services.kept_explanations import explain_next
from stream.storage.database import Connection
from tests.services.accepted_facts import forecasters

NOW = dt.datetime(2025, 9, 1, tzinfo=dt.UTC)


def held(version: str) -> Forecaster:
    """The weights that come along, by version."""
    return {one.weights_version: one for one in forecasters()}[version]


def explain_all(connection: Connection, forecaster_of: Callable[[str], Forecaster] = held) -> int:
    """Explain what waits; how many timelines that were."""
    count = 0
    while explain_next(connection, forecaster_of, NOW):
        count += 1
    return count
