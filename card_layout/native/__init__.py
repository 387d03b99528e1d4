"""Machine code for what bytecode is too slow for, each with a pure form that says the same.

Such a file is compiled for one kind of processor (terminal_sim.image). Where it is not there or
does not fit its import fails, with ImportError or ValueError, and the pure form serves.
"""
