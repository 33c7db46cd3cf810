"""Codes of the standard, and what they say of a measurement group or a segment."""
