"""The kept inputs: corpus/TARGET.hex, one a line in hexadecimal, smallest first.

Text, so that a change of the corpus can be read. A line with words behind `#` says which fault it
once showed, and stays for ever.
"""

from pathlib import Path

CORPUS = Path(__file__).parent


def read(name):
    """-> list of inputs; none yet is an empty list."""
    return [bytes.fromhex(line.partition("#")[0]) for line in _lines(name)]


def write(name, inputs):
    """Replace the corpus of a target, but for the lines that say why they are there."""
    lines = {line for line in _lines(name) if "#" in line}
    known = {bytes.fromhex(line.partition("#")[0]) for line in lines}
    lines |= {one.hex() for one in inputs if one not in known}
    path_of(name).write_text("".join(line + "\n" for line in sorted(lines, key=_order)))


def _order(line):
    return len(line.partition("#")[0].strip()), line


def _lines(name):
    return path_of(name).read_text().splitlines() if path_of(name).exists() else []


def path_of(name):
    """The file of a target."""
    return CORPUS / f"{name}.hex"


def unpacked(name, folder):
    """The corpus as the engine takes it: one file an input."""
    folder.mkdir()
    for place, one in enumerate(read(name)):
        (folder / f"{place:04}").write_bytes(one)
    return folder
