"""What MicroPython on a board does before its console: mounts files, and our slot.

Run by the PC's MicroPython in place of a chip's start (terminal_sim/usb_console.py); `machine`,
`rp2`, `esp32` beside it are the chip's modules over a file of flash. They are imported before the
PC's files are out of reach.
"""

import os
import sys

import bench_flash
import machine  # noqa: F401
import vfs

if bench_flash.CHIP == "rp2":
    import flash_map  # noqa: F401
    import rp2  # noqa: F401
elif bench_flash.CHIP == "esp32s3":
    import esp32  # noqa: F401

try:
    _files = vfs.VfsLfs2(bench_flash.files(), progsize=256)
except OSError:
    vfs.VfsLfs2.mkfs(bench_flash.files(), progsize=256)
    _files = vfs.VfsLfs2(bench_flash.files(), progsize=256)
vfs.umount("/")
vfs.mount(_files, "/")
os.chdir("/")
try:
    vfs.mount(vfs.VfsRom(bench_flash.mapped(0)), "/slot")
    sys.path.insert(0, "/slot")
except OSError:
    pass
