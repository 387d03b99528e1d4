"""Tables written as one text: a row a line, its cells between bars, the first is its key.

One text and not tuples: it stays in flash where code does, and a terminal reads a line of it when
it needs one. A hundred tuples would be ten kilobytes of its RAM.
"""


def every(text):
    """Yield the list of cells of every row, stripped."""
    for line in text.strip().split("\n"):
        yield _cells(line)


def find(text, key):
    """The cells of the row of a key, the key among them; None if it has none."""
    at = text.find(f"\n{key} |")
    return None if at < 0 else _cells(text[at + 1 : text.find("\n", at + 1)])


def _cells(line):
    return [cell.strip() for cell in line.split("|")]
