"""The only folder that sees firmware.core and sync_server.core side by side."""
