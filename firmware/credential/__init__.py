"""What can be presented: one file for each, with the same four generators.

A credential is loaded when the first that speaks its language comes: where code is in RAM, that is
short, and most terminals never see more than one kind. Where it stays in flash, before.
"""

# SAK of MIFARE Classic chips: 1K, 4K, 1K of Infineon, 1K in a card that does ISO 14443-4 too
_MIFARE = (0x08, 0x18, 0x88, 0x28)
_ISO_DEP = 0x20
CARDS = ("m1", "cpu")  # what may come to any reader


def name_of(found):
    """-> "m1", "cpu" or "code" for what a select found, None for a chip that is none of them."""
    if found[0] == "code":
        return "code"
    sak = found[2]
    if sak in _MIFARE:
        return "m1"
    return "cpu" if sak & _ISO_DEP else None


def load(name):
    """-> the class of a credential."""
    if name == "m1":
        from firmware.credential.m1 import M1 as found
    elif name == "cpu":
        from firmware.credential.cpu import Cpu as found
    else:
        from firmware.credential.code import Code as found
    return found
