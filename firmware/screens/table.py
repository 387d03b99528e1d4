"""Every screen: its light, its beep, what its values are. The words are in zh.py and en.py.

values: how `render` writes each of them. A reason gives two texts: what happened, what to do.
"""

ROWS = 4

# screen -> (led, beep, kinds of values)
SCREENS = {
    "idle_online": ("green", None, ("number", "clock")),
    "idle_offline": ("amber", None, ("span", "number", "number", "number", "ago")),
    "not_ready": ("amber", None, ("number",)),
    "amount": ("off", None, ("fen",)),
    "ready": ("off", None, ("fen",)),
    "dishes": ("off", None, ("number", "fen")),
    "dish": ("off", None, ("number", "fen", "fen")),
    "paused": ("off", None, ("fen",)),
    "paid": ("green", "ok", ("fen", "fen")),
    "paid_account": ("green", "ok", ("fen",)),
    "meal": ("green", "ok", ("fen", "fen", "fen")),
    "meal_account": ("green", "ok", ("fen", "fen")),
    "next": ("green", "ok", ("fen", "fen")),
    "balance": ("green", "ok", ("fen", "day")),
    "cancel": ("amber", "warn", ("fen",)),
    "cancelled": ("green", "ok", ("fen", "fen")),
    "cancelled_later": ("green", "ok", ("fen", "fen")),
    "no_shift": ("amber", None, ()),
    "no_cashier": ("red", "error", ("fen",)),
    "refund_leave": ("amber", "warn", ()),
    "refund_find": ("amber", "ok", ()),
    "refund": ("amber", "warn", ("fen", "clock")),
    "refund_give": ("amber", "warn", ("fen",)),
    "no_sale": ("red", "error", ()),
    "shift_begins": ("green", "ok", ("tail",)),
    "shift_end": ("amber", "warn", ()),
    "shift_ended": ("green", "ok", ("number", "fen", "fen")),
    "loaded": ("green", "ok", ("fen", "fen")),
    "valid": ("green", "ok", ("day",)),
    "pass": ("green", "ok", ("holder",)),
    "free": ("green", None, ("reason",)),
    "free_drill": ("green", None, ()),
    "emergency": ("amber", None, ("fen", "clock")),
    "drilling": ("amber", None, ("fen", "clock")),
    "drill": ("amber", "ok", ("fen",)),
    "too_low": ("red", "error", ("fen", "fen")),
    "refused": ("red", "error", ("reason",)),
    "unpaid": ("red", "error", ("reason", "fen")),
    "repeated": ("amber", "warn", ("fen",)),
    "pin": ("amber", "warn", ("fen",)),
    "pin_typed": ("amber", None, ("stars", "fen")),
    "pin_sent": ("amber", None, ("fen",)),
    "pin_wrong": ("red", "error", ("number", "fen")),
    "pin_right": ("amber", "ok", ("fen",)),
    "open": ("green", "ok", ("fen",)),
    "flowing": ("green", None, ("fen", "number")),
    "powered": ("green", "ok", ("fen",)),
    "drawing": ("green", None, ("fen", "kwh")),
    "ended": ("amber", None, ("fen", "fen")),
    "used": ("green", "ok", ("fen", "fen")),
    "used_account": ("green", "ok", ("fen",)),
    "put_back": ("amber", "warn", ("fen",)),
    "turned_away": ("red", "error", ("reason",)),
    "here": ("amber", "warn", ("number",)),
    "last_paid": ("green", None, ("tail", "clock", "fen")),
    "last_unpaid": ("red", None, ("tail", "clock", "fen")),
    "last_grey": ("amber", "warn", ("tail", "clock", "fen")),
    "paid_before": ("amber", "warn", ("tail", "clock", "fen")),
    "safe_mode": ("red", None, ("number", "number")),
    "no_reader": ("red", None, ()),
}

# of these NAME_offline is a screen too, amber: the server does not know of the payment yet
PAID = ("paid", "paid_account", "meal", "meal_account", "next")

# screen -> its row with the amount, which a display of pixels shows large
LARGE = {
    "amount": 1, "dishes": 1, "dish": 1, "ready": 1, "paid": 1, "paid_account": 1, "next": 2,
    "no_cashier": 2, "refund_give": 1, "balance": 1, "put_back": 1,
    "pin": 1, "pin_typed": 2, "pin_right": 1,
    "open": 1, "flowing": 1, "powered": 1, "drawing": 1, "ended": 1, "used": 1,
    "used_account": 1, "drill": 1,
}  # fmt: skip
