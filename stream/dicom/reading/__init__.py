"""What kept files say: headers, reports, segmentations and pixels."""
