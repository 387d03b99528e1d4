"""The rules of the server: no I/O, plain rows in, plain rows out."""
