"""Every screen: its light, its beep, what its values are. The words are in zh.py and en.py.

values: how `render` writes each of them. A reason gives two texts: what happened, what to do.
"""

from protocol import lines

ROWS = 4

# screen | led | values | beep | its row with the amount, which a display of pixels shows large
_TEXT = """
idle_online | green | number clock | - | -
idle_offline | amber | span number number number ago | - | -
not_ready | amber | number | - | -
amount | off | fen | - | 1
ready | off | fen | - | 1
dishes | off | number fen | - | 1
dish | off | number fen fen | - | 1
paused | off | fen | - | -
paid | green | fen fen | ok | 1
paid_account | green | fen | ok | 1
meal | green | fen fen fen | ok | -
meal_account | green | fen fen | ok | -
next | green | fen fen | ok | 2
balance | green | fen day | ok | 1
cancel | amber | fen | warn | -
cancelled | green | fen fen | ok | -
cancelled_later | green | fen fen | ok | -
no_shift | amber |  | - | -
no_cashier | red | fen | error | 2
refund_leave | amber |  | warn | -
refund_find | amber |  | ok | -
refund | amber | fen clock | warn | -
refund_give | amber | fen | warn | 1
no_sale | red |  | error | -
shift_begins | green | tail | ok | -
shift_end | amber |  | warn | -
shift_ended | green | number fen fen | ok | -
loaded | green | fen fen | ok | -
valid | green | day | ok | -
pass | green | holder | ok | -
free | green | reason | - | -
free_drill | green |  | - | -
emergency | amber | fen clock | - | -
drilling | amber | fen clock | - | -
drill | amber | fen | ok | 1
too_low | red | fen fen | error | -
refused | red | reason | error | -
unpaid | red | reason fen | error | -
repeated | amber | fen | warn | -
pin | amber | fen | warn | 1
pin_typed | amber | stars fen | - | 2
pin_sent | amber | fen | - | -
pin_wrong | red | number fen | error | -
pin_right | amber | fen | ok | 1
open | green | fen | ok | 1
flowing | green | fen number | - | 1
powered | green | fen | ok | 1
drawing | green | fen kwh | - | 1
ended | amber | fen fen | - | 1
used | green | fen fen | ok | 1
used_account | green | fen | ok | 1
put_back | amber | fen | warn | 1
turned_away | red | reason | error | -
here | amber | number | warn | -
last_paid | green | tail clock fen | - | -
last_unpaid | red | tail clock fen | - | -
last_grey | amber | tail clock fen | warn | -
paid_before | amber | tail clock fen | warn | -
safe_mode | red | number number | - | -
no_reader | red |  | - | -
"""

# of these NAME_offline is a screen too, amber: the server does not know of the payment yet
PAID = ("paid", "paid_account", "meal", "meal_account", "next")


def names():
    """List of all screens."""
    return [row[0] for row in lines.every(_TEXT)]


def find(screen):
    """-> (led, list of the values' kinds, beep or None, number of the large row or None), or None
    if there is no such screen."""
    row = lines.find(_TEXT, screen)
    if row is None:
        return None
    _, led, kinds, beep, large = row
    return led, kinds.split(), None if beep == "-" else beep, None if large == "-" else int(large)
