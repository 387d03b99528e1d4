"""Tests of the whole terminal on a board: emulated (default), or a real one by `--target`."""
