"""A whole series to a few numbers that a recurrent network can step along the scans of a patient."""
