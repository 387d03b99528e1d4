"""What is frozen into the base firmware: as little as starts a slot. It changes rarely."""

freeze("$(PORT_DIR)/modules", "rp2.py")
include("$(MPY_DIR)/extmod/asyncio")
freeze("modules")
