"""What speaks to the parts around the processor. No driver waits: bytes in, bytes out."""
