"""Lists of card numbers and their versions: who is refused, who may pass; what changed since when.

Every change is a new version of the exact set. A universe is whole flash sectors of 32,768 numbers,
so the digest of a version is over whole sectors. What it is not: the bytes on the wire
(protocol.blacklist) nor who was told when (store).
The brake: lists have been wrong wholesale elsewhere, so a report that would make the listed cards
more than 2 % of all and more than BRAKE_FLOOR, or the 200th in a minute, waits for approval.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocol import blacklist

BRAKE_FLOOR = 20  # cards; below it 2 % says nothing
BRAKE_A_MINUTE = 200


def universe(highest_card: int) -> int:
    """Numbers that a version speaks of: 0 .. universe - 1."""
    sectors = highest_card // blacklist.SECTOR_NUMBERS + 1
    return sectors * blacklist.SECTOR_NUMBERS


def digest(cards: Iterable[int], size: int) -> bytes:
    """16 bytes that only this set in this universe has."""
    return blacklist.digest(blacklist.bitmap(sorted(cards), size))


def before(cards: set[int], changes: Iterable[tuple[int, bool]]) -> set[int]:
    """The set as it was, from what it is and the (card, listed) changes since, oldest first."""
    was = set(cards)
    first: dict[int, bool] = {}
    for card, listed in changes:
        first.setdefault(card, listed)
    for card, listed in first.items():
        if listed:
            was.discard(card)
        else:
            was.add(card)
    return was


def must_wait(listed: int, all_cards: int, in_last_minute: int) -> bool:
    """True if one more report needs a second person."""
    too_many = listed + 1 > BRAKE_FLOOR and (listed + 1) * 50 > all_cards
    return too_many or in_last_minute + 1 >= BRAKE_A_MINUTE
