"""Fixtures of tests of services."""

from tests.services.both_weights import both as both
