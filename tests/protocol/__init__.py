"""Tests of protocol/ that need CPython: properties over any bytes."""
