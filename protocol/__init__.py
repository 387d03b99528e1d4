"""Bytes on the wire: the same files on CPython and MicroPython. See README.md."""
