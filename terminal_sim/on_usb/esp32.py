"""The ESP32-S3's module `esp32`: partitions by their label, for a board on the bench."""

import bench_flash


class Partition(bench_flash.Device):
    """A part of the flash."""

    TYPE_DATA = 1

    @classmethod
    def find(cls, type=1, subtype=0xFF, label=None):  # noqa: A002 the chip's names
        """-> [Partition]"""
        return [cls(*bench_flash.PARTS[label])] if label in bench_flash.PARTS else []
