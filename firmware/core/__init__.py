"""The sans-I/O core of a terminal: it never waits, reads no clock, touches no pin."""
