"""Measuring models that others bring: what a bundle says of itself, and running it in a child with limits."""
