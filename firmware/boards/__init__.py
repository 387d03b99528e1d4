"""One small file a board: the only code that touches hardware (contract.md)."""
