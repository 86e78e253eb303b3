"""Benchmarks: the sweep of balanced networks through the public API, beside the loops that a user would write by hand."""
