"""A board without hardware: the chip of the emulator, with what the emulator lacks, and its wires.

Time here is the chip's: it goes on with its instructions and jumps over what it sleeps. Nothing
reads the clock of the PC, so a run is the same to the nanosecond whenever it is repeated.
"""
