// An RP2040 with 2 MiB of flash. What lies where is told to the firmware by modules/flash_map.py:
// 640 KiB for this base firmware, then two slots of 256 KiB for ours, the terminal's data area and
// a small file system for its configuration.
#define MICROPY_HW_BOARD_NAME "Campus terminal"
#define MICROPY_HW_FLASH_STORAGE_BYTES (1408 * 1024)

// Makes the base firmware understand ROMFS. Our slots lie in the storage and are mounted by hand.
#define MICROPY_HW_ROMFS_BYTES (4 * 1024)
