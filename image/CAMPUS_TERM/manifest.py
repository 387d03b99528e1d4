"""What is frozen into the base firmware: as little as chooses and starts a slot. It changes rarely.

`shared` are sources of the firmware itself (`image.base` puts them there): the rules of the slots.
So it does `modules/names.py`, which nobody imports: names that would lie in RAM (`image/names.py`).
"""

freeze("$(PORT_DIR)/modules", "rp2.py")
include("$(MPY_DIR)/extmod/asyncio")
freeze("modules")
freeze("shared")
