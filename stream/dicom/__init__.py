"""DICOM in: receiving, reading headers and measurements."""
