"""A terminal in the browser: a person plays it, the real firmware answers.

`tray` is what lies on the table (cards, a phone), `seat` one terminal with what a hand can do to
it, `page` the web page. The firmware runs as it does everywhere: its own process, its own bytes.
"""
