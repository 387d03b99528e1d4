"""placeholder"""

# role, as bits: a message may come from either
TERMINAL = 1
SERVER = 2
