"""Structured reports: their groups, what each number in them is, which number counts, and whose reading it is."""
