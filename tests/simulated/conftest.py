"""Fixtures of tests of what is made up: the key that DICOM's tests use too."""

from tests.dicom.conftest import pseudonyms as pseudonyms
