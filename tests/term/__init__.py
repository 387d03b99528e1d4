"""A term in the life of a college, played through pages, API and terminals: docs/term.md."""
