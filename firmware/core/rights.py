"""Who may pass where and when: zone, grant, time windows.

Not who may pay, and not whether the card itself is good (policy). Rules:
 1. A card on the grants list of this gate may pass. Otherwise, unless the gate takes granted cards
    only, one whose identity has the gate's zone may.
 2. Without time windows the gate is always open. With them, one must hold for a card that rule 1
    lets pass: its kind of holder in the window's kinds and its zone among the card's (a granted
    card: any), on that weekday, at that minute of local time.
"""

from firmware.core.clock import local_minute
from protocol import reasons
from protocol.params import windows


def reason(identity, granted, params, utc_s):
    """-> reasons.OK, NO_RIGHT or OUT_OF_HOURS."""
    zone = identity.zones >> params["zone"] & 1
    if not granted and (params["grants_only"] or not zone):
        return reasons.NO_RIGHT
    rows = params["windows"]
    if not rows:
        return reasons.OK
    _, weekday, minute = local_minute(utc_s, params["utc_offset_min"])
    found = reasons.NO_RIGHT
    for kinds, window_zone, weekdays, from_min, to_min in windows(rows):
        if granted or (kinds >> identity.holder_kind & 1 and identity.zones >> window_zone & 1):
            found = reasons.OUT_OF_HOURS
            if weekdays >> weekday & 1 and from_min <= minute < to_min:
                return reasons.OK
    return found
