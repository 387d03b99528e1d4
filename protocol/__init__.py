"""Bytes on the wire and in the journal, one set of files for both interpreters. See README.md."""
