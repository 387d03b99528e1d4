"""Every screen: its light, its beep, what its values are. The words are in zh.py and en.py.

values: how `render` writes each of them. A reason gives two texts: what happened, what to do.
"""

from protocol import lines

ROWS = 4

# screen | led | beep | its row with the amount, which a display of pixels shows large | values
_TEXT = """
idle_online | green | - | - | number clock
idle_offline | amber | - | - | span number number number ago
not_ready | amber | - | - | number
amount | off | - | 1 | fen
ready | off | - | 1 | fen
dishes | off | - | 1 | number fen
dish | off | - | 1 | number fen fen
paused | off | - | - | fen
paid | green | ok | 1 | fen fen
paid_account | green | ok | 1 | fen
meal | green | ok | - | fen fen fen
meal_account | green | ok | - | fen fen
next | green | ok | 2 | fen fen
balance | green | ok | 1 | fen day
cancel | amber | warn | - | fen
cancelled | green | ok | - | fen fen
cancelled_later | green | ok | - | fen fen
no_shift | amber | - | - |
no_cashier | red | error | 2 | fen
refund_leave | amber | warn | - |
refund_find | amber | ok | - |
refund | amber | warn | - | fen clock
refund_give | amber | warn | 1 | fen
no_sale | red | error | - |
shift_begins | green | ok | - | tail
shift_end | amber | warn | - |
shift_ended | green | ok | - | number fen fen
loaded | green | ok | - | fen fen
valid | green | ok | - | day
pass | green | ok | - | holder
free | green | - | - | reason
free_drill | green | - | - |
emergency | amber | - | - | fen clock
drilling | amber | - | - | fen clock
drill | amber | ok | 1 | fen
too_low | red | error | - | fen fen
refused | red | error | - | reason
unpaid | red | error | - | reason fen
repeated | amber | warn | - | fen
pin | amber | warn | 1 | fen
pin_typed | amber | - | 2 | stars fen
pin_sent | amber | - | - | fen
pin_wrong | red | error | - | number fen
pin_right | amber | ok | 1 | fen
open | green | ok | 1 | fen
flowing | green | - | 1 | fen number
powered | green | ok | 1 | fen
drawing | green | - | 1 | fen kwh
ended | amber | - | 1 | fen fen
used | green | ok | 1 | fen fen
used_account | green | ok | 1 | fen
put_back | amber | warn | 1 | fen
turned_away | red | error | - | reason
here | amber | warn | - | number
last_paid | green | - | - | tail clock fen
last_unpaid | red | - | - | tail clock fen
last_grey | amber | warn | - | tail clock fen
paid_before | amber | warn | - | tail clock fen
safe_mode | red | - | - | number number
no_reader | red | - | - |
"""

# of these NAME_offline is a screen too, amber: the server does not know of the payment yet
PAID = ("paid", "paid_account", "meal", "meal_account", "next")


def names():
    """List of all screens."""
    return [row[0] for row in lines.every(_TEXT)]


def find(screen):
    """-> (led, beep or None, number of the large row or None, list of the values' kinds), or None
    if there is no such screen."""
    row = lines.find(_TEXT, screen)
    if row is None:
        return None
    _, led, beep, large, kinds = row
    return led, None if beep == "-" else beep, None if large == "-" else int(large), kinds.split()
