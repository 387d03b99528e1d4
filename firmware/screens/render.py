"""From a screen's name and values to what the panel gets: light, beep and rows of text.

It knows no words and no table of its own. Limits: 4 rows; values as `screens.table` names them.
"""

from firmware.screens import table
from protocol import lines, reasons

_UNKNOWN_MIN = 0xFFFF
_DAYS_BEFORE_2000 = 10957  # since 1970


def render(language, screen, values):
    """-> (led, beep or None, list of 4 texts, number of the one that is large or None). language 0
    Chinese, 1 English. "paid_offline" is a "paid" that the server does not know of."""
    words = _words(language)
    name, found = screen, table.find(screen)
    if found is None:
        name = screen[: -len("_offline")]
        found = table.find(name)
    led, kinds, beep, large = found
    texts = []
    for kind, value in zip(kinds, values):
        texts += _WRITERS[kind](value, words, language)
    said = [row.format(*texts) for row in rows_of(words, name)]
    if name != screen:
        led, said[0] = "amber", words.OFFLINE
    return led, beep, said + [""] * (table.ROWS - len(said)), large


def rows_of(words, name):
    """The rows of a screen, as the module of a language has them. KeyError if it has none."""
    row = lines.find(words.ROWS, name)
    if row is None:
        raise KeyError(name)
    return row[1:]


def _words(language):
    """The module of a language; only the one in use is in RAM."""
    if language == 1:
        from firmware.screens import en

        return en
    from firmware.screens import zh

    return zh


def _number(value, words, language):
    return [str(value)]


def _hundredths(value, words, language):
    """1250 -> 12.50: fen as yuan, hundredths of a kWh."""
    return [f"{value // 100}.{value % 100:02d}"]


def _clock(value, words, language):
    """Local seconds since 1970 -> 09:05, nothing for a clock that is not set."""
    minutes = value // 60 % 1440
    return [f"{minutes // 60:02d}:{minutes % 60:02d}" if value else ""]


def _tail(value, words, language):
    """Last digits of a card's number."""
    return [f"{value % 10000:04d}"]


def _stars(value, words, language):
    """How many digits of a PIN there are; never which."""
    return ["*" * value]


def _span(value, words, language):
    """Minutes -> minutes; hours and minutes; days and hours."""
    if value < 60:
        return [words.MINUTES.format(value)]
    if value < 48 * 60:
        return [words.HOURS.format(value // 60, value % 60)]
    return [words.DAYS.format(value // 1440, value % 1440 // 60)]


def _ago(value, words, language):
    if value >= _UNKNOWN_MIN:
        return [words.UNKNOWN]
    return [words.AGO.format(_span(value, words, language)[0])]


def day(value):
    """Days since 2000-01-01 -> 2026-09-01 (H. Hinnant, days to civil, from year 1970 on)."""
    days = value + _DAYS_BEFORE_2000 + 719468
    of_era = days % 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    of_month = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year += days // 146097 * 400 + (1 if month <= 2 else 0)
    return f"{year}-{month:02d}-{of_month:02d}"


def _day(value, words, language):
    return [day(value)]


def _reason(value, words, language):
    """What happened and what to do, from the table of all reasons."""
    return list(reasons.text(value, language))


def _holder(value, words, language):
    return [words.HOLDERS.get(value, "")]


_WRITERS = {
    "number": _number,
    "fen": _hundredths,
    "kwh": _hundredths,
    "clock": _clock,
    "tail": _tail,
    "stars": _stars,
    "span": _span,
    "ago": _ago,
    "day": _day,
    "reason": _reason,
    "holder": _holder,
}
