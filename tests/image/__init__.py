"""The images of the firmware, and how they are made."""
