"""Bytes on the wire and in the journal, the same files on CPython and MicroPython. See README.md."""
