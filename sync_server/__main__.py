"""`python -m sync_server`: the command line, where the script `campus` is not installed."""

from sync_server.cli import main

main()
