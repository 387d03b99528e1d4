"""A parser with a fault behind two bytes, to see that the engine is guided and that it tells."""


def planted(data):
    """IndexError for an input that begins with "Q7" and ends there."""
    if data[:1] == b"Q" and data[1:2] == b"7":
        return data[2]
    return None
