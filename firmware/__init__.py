"""What runs on a terminal. Shared dialect: CPython 3.11 and MicroPython 1.25 or newer."""
