"""Tables written as one text: a row a line, " | " between its cells, the first is its key.

One text and not tuples: it stays in flash where code does, and a terminal reads a line of it when
it needs one. A hundred tuples would be ten kilobytes of its RAM.
"""


def every(text):
    """Yield the list of cells of every row."""
    for line in text[1:-1].split("\n"):
        yield line.split(" | ")


def find(text, key):
    """The cells of the row of a key, the key among them; None if it has none."""
    at = text.find(f"\n{key} |")
    return None if at < 0 else text[at + 1 : text.find("\n", at + 1)].split(" | ")
