"""The server: rules (core), database (store), terminals (gateway), people and programs (web)."""
