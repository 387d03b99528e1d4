"""Words of the screens, one file for each language."""
