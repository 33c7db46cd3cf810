"""A database that was brought from version to version is, in the end, what a new one is from the start."""

from stream.storage.database import upgrade, version
from tests.database import Database
from tests.migrations.catalogue import HISTORY, everything, upgrade_to


def test_a_database_that_took_every_version_on_its_own_becomes_as_a_new_one(
    blank: Database, database: Database
) -> None:
    """A new one takes all in one transaction: together they say that no migration needs what another left open."""
    upgrade_to(blank.settings, *HISTORY)
    assert version(blank.settings) == HISTORY[-1]
    upgrade(blank.settings)
    assert everything(blank.connect("migrator")) == everything(database.connect("migrator"))
