"""One file per command of `campus`; each is imported only when it is asked for."""
