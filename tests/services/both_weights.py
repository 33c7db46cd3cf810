"""A cohort under two sets of weights, for tests of what would change if the new ones led."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from models.serving.forecaster import Forecaster, load_forecaster
from stream.services import leading
from stream.services.comparing.comparison import Comparison, compare
from stream.services.facts.clinical import ImportedVisit
from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from tests.database import Database
from tests.other_weights import other_weights
from tests.services.accepted_facts import accept, breast, forecasters, lung

OLD, RESPONSE = (one.weights_version for one in forecasters())
SIZES_MM = {f"P{number:02}": 20.0 + number for number in range(30)}
"""Sum of diameters at the first visit, on day 0; at the second, on day 60, it is a tenth more."""
PATIENTS = list(SIZES_MM)


class Both(NamedTuple):
    """Thirty lung cancer patients with two visits and one with breast cancer, under the weights OLD and `new`."""

    connection: Connection
    new: str
    held: Sequence[Forecaster]

    def compared(self) -> Comparison:
        """The new weights beside the old ones."""
        return compare(self.connection, self.new, OLD)

    def arrive(self, *visits: ImportedVisit) -> None:
        """Accept visits and fold them."""
        accept(self.connection, *visits)
        Reconciler(self.connection, self.held).timelines([*PATIENTS, "PX"])

    def do(self, query: str, *values: Any) -> None:
        """Change rows behind the service's back, so that forecasts are numbers that a hand can check."""
        self.connection.execute(query, values)


@pytest.fixture
def both(database: Database, tmp_path: Path) -> Both:
    """The cohort, folded."""
    card = other_weights(tmp_path / "new")
    connection = database.connect()
    leading.put_in_service(connection, card, "Ada", None)
    held = [*forecasters(), load_forecaster(tmp_path / "new", "cpu")]
    found = Both(connection, card.weights_sha256, held)
    accept(connection, *(lung(patient, "a", 0, size) for patient, size in SIZES_MM.items()))
    second = (lung(patient, "b", 60, 1.1 * size) for patient, size in SIZES_MM.items())
    found.arrive(*second, breast("PX", "a", 0, 9, 9))
    return found
