"""`python -m tests.dicom.makers` writes what is read of whom into docs/reading.md."""

from tests.dicom.makers.table import write

write()
