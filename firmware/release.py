"""Which firmware this is, and whose updates it takes.

`python -m image.build` puts a file with the real values in this one's place. This one is what runs
from a source tree: it takes no updates. A test compares the version with pyproject.toml.
"""

VERSION = (0, 1, 0)
KEYS: dict[int, bytes] = {}  # number of a key -> public key, 33 bytes
