"""Before anything else, also before a console: the file system, and the newest image to look at.

Which slot is started is main.py's: a technician's tool that resets the interpreter ten times has
not started a terminal ten times.
"""

import flash_map
import starting
import vfs


def _files():
    """The file system, made anew if there is none."""
    try:
        return vfs.VfsLfs2(flash_map.files(), progsize=256)
    except OSError:
        vfs.VfsLfs2.mkfs(flash_map.files(), progsize=256)
        return vfs.VfsLfs2(flash_map.files(), progsize=256)


vfs.mount(_files(), "/")
starting.look()
