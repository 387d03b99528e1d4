"""The pages, and what generates parts of them: `python -m docs.diagrams write`."""
