"""Tests of firmware/ that need CPython."""
