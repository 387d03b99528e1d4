"""Tools of technicians. `flash.py` is a command of its own and `campus flash`."""
