"""Measurements side by side on one machine; `make bench` runs them and writes docs/benchmarks.md."""
