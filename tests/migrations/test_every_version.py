"""A database of any earlier version becomes, by migrating, what a new one is from the start."""

import pytest

from stream.storage.database import upgrade, version
from tests.database import Database
from tests.migrations.catalogue import HISTORY, everything, upgrade_to


@pytest.mark.parametrize("earlier", HISTORY)
def test_a_database_of_an_earlier_version_becomes_as_a_new_one(
    blank: Database, database: Database, earlier: str
) -> None:
    upgrade_to(blank.settings, earlier)
    assert version(blank.settings) == earlier
    upgrade(blank.settings)
    assert everything(blank.connect("migrator")) == everything(database.connect("migrator"))
