"""The gateway: sockets, sessions, commits and pushes. One event loop, one writer thread.

What it is not: the rules. What a record means is `core`, where it lies is `store`; this package
moves bytes between terminals and those two and never acknowledges what is not committed.
"""
