"""Before anything else: the file system, and our firmware from its slot.

A slot without an image is left alone; then there is a console and nothing more. Which of two slots
is started comes with updates.
"""

import sys

import flash_map
import vfs


def _files():
    """The file system, made anew if there is none."""
    try:
        return vfs.VfsLfs2(flash_map.files(), progsize=256)
    except OSError:
        vfs.VfsLfs2.mkfs(flash_map.files(), progsize=256)
        return vfs.VfsLfs2(flash_map.files(), progsize=256)


vfs.mount(_files(), "/")
try:
    vfs.mount(vfs.VfsRom(flash_map.slot(0)), "/slot")
    sys.path.insert(0, "/slot")
except OSError:
    pass
