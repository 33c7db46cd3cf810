"""Made-up scans, the simulated cohort as DICOM, and the demonstration."""
