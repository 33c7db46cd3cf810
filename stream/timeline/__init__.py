"""A patient's timeline as values: entries, digests and the plan; no clock, database or network."""
