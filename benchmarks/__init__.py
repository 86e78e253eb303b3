"""Benchmarks: the sweep of balanced networks through the public API, beside loops written by hand."""
