"""Measurements of this package beside its peers; each is run as `python -m benchmarks.NAME`."""
