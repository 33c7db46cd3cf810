"""Boxes of a page that are closed until somebody opens them."""
