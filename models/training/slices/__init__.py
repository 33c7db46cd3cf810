"""What a laboratory does to get the slice classifier's weights: outlined series, the two fits, one patient left out."""
