"""Published test vectors, read line by line: one reader for both interpreters.

The files are those of the PyPI package cryptography-vectors, as NIST and the RFCs wrote them:
`Name = hex` lines, comments after #, and headings in brackets that hold for what follows.
"""

import os


def cases(path, mark):
    """Yields a dict name -> text for every paragraph of a file that has the name `mark`.

    `path` is relative to the package. Values stay until they are given again, as the files
    mean it: a key or a heading counts for all cases below it. One dict is used for all.
    """
    values = {}
    marked = False
    for line in lines(path):
        if not line and marked:
            yield values
            marked = False
        for field in line.strip("[]").split(","):
            name, equals, value = field.partition("=")
            if equals:
                values[name.strip()] = value.strip()
                marked = marked or name.strip() == mark
    if marked:
        yield values


def lines(path):
    """Yields the lines of a file of the package, without comments."""
    folder = os.getenv("CAMPUS_VECTORS")
    if not folder:
        raise AssertionError("CAMPUS_VECTORS is not set: pip install cryptography-vectors")
    with open(folder + "/" + path) as lines:
        for line in lines:
            yield line.split("#")[0].strip()


def octets(text):
    """-> bytes of a hexadecimal text."""
    return bytes.fromhex(text)
