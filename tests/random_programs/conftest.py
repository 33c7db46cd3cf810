"""Fixtures of all tests that need a database."""

from tests.database import database as database
from tests.database import upgraded as upgraded
