"""Alarms in words: what each looks at, and what it says of a terminal."""

from flask_babel import gettext as _

from sync_server.web.console import view


def alarm_words() -> dict[str, tuple[str, str]]:
    """name -> (what it is called, the rule as a sentence, # is its limit)."""
    return {
        "silent": (_("silent"), _("says nothing for more than # seconds")),
        "list": (_("old list"), _("connected, and has not confirmed the list after # seconds")),
        "clock": (_("clock"), _("its clock is off by more than # seconds")),
        "upload": (_("no upload"), _("has records to send, and sent none for more than # hours")),
        "missing": (_("missing"), _("a record is missing, though a later one came # seconds ago")),
        "queue": (_("queue"), _("more than # % of its journal is not uploaded")),
        "grey": (_("Grey"), _("has at least # payments whose outcome is not known")),
        "tears": (_("torn taps"), _("more than # of 1,000 taps are torn")),
        "damage": (_("damage"), _("at least # reports of damage are open")),
        "merchant": (
            _("not admitted"),
            _("has taken at least # payments though its merchant may take no money"),
        ),
        "often": (_("one card"), _("a card has paid at least # times within 5 minutes, here last")),
    }


def alarm_line(name: str, value: int) -> str:
    """What a terminal's alarm says."""
    word = alarm_words()[name][0]
    told = {
        "silent": lambda: view.age(value),
        "list": lambda: view.age(value),
        "clock": lambda: view.age(value),
        "missing": lambda: view.age(value),
        "upload": lambda: view.age(value * 3600),
        "queue": lambda: f"{value} %",
        "tears": lambda: f"{value} ‰",
    }.get(name, lambda: str(value))
    return f"{word} {told()}"
