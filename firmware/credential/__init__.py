"""What can be presented: one file for each, with the same four generators."""
