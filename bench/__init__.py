"""Measurements: each file a subject, each `measure()` returns a dict of ratios and counts."""
