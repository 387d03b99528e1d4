"""What `campus flash` is made of: one idea a file. docs/flash.md has the states and faults."""
