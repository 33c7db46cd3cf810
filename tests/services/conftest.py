"""Fixtures of all tests that need a database."""

from tests.database import blank as blank
from tests.database import database as database
from tests.database import upgraded as upgraded
from tests.services.both_weights import both as both
