"""What is flashed into a board: the base firmware (`base`) and our own in a slot (`slot`)."""
