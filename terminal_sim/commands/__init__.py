"""The commands of `campus` that play the world: one file each."""
