"""Bytes on cards: the same files on CPython and MicroPython. See README.md."""
