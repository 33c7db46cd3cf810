"""Statistics over arrays: metrics weighted for censoring, regression, calibration."""
