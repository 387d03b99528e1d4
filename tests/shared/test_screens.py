"""Screens: every one has its words in both languages, and numbers read as people read them."""

from firmware.screens import en, table, zh
from firmware.screens.render import render
from protocol import reasons

SAMPLES = {"number": 12, "tail": 71234, "fen": 1250, "clock": 36300, "span": 130, "ago": 12}
SAMPLES.update({"day": 9740, "reason": reasons.LISTED, "holder": 2, "stars": 4, "kwh": 125})


def test_every_screen_in_every_language():
    for words in (zh, en):
        named = [line.split(" | ")[0] for line in words.ROWS.strip().split("\n")]
        assert sorted(named) == sorted(table.names())
    for language in (0, 1):
        for screen in table.names():
            values = [SAMPLES[kind] for kind in table.find(screen)[1]]
            led, beep, rows, large = render(language, screen, values)
            assert led in ("green", "amber", "red", "off") and beep in (None, "ok", "warn", "error")
            assert len(rows) == table.ROWS and rows[0]
            assert large is None or rows[large]
            assert not any("{" in row or "\n" in row for row in rows)


def test_what_the_cashier_reads():
    assert render(1, "paid", (1250, 3705)) == (
        "green", "ok", ["Paid", "12.50 yuan", "Balance 37.05 yuan", ""], 1,
    )  # fmt: skip
    offline = render(0, "idle_offline", (130, 312, 16384, 1841, 12))[2]
    assert offline == ["脱机 2 时 10 分", "待传 312/16384", "名单 v1841", "12 分钟前"]
    assert render(1, "refused", (reasons.MANY_CARDS,))[2][:2] == [
        "more than one card", "present one card only",
    ]  # fmt: skip


def test_days_and_spans():
    days = ((0, "2000-01-01"), (59, "2000-02-29"), (60, "2000-03-01"), (365, "2000-12-31"))
    for day, text in days + ((366, "2001-01-01"), (9740, "2026-09-01"), (65535, "2179-06-06")):
        assert render(1, "balance", (0, day))[2][2] == "until " + text
    spans = ((0, "0 min"), (59, "59 min"), (60, "1 h 0 min"), (2879, "47 h 59 min"))
    for minutes, text in spans + ((2880, "2 d 0 h"), (100000, "69 d 10 h")):
        assert render(1, "idle_offline", (minutes, 0, 1, 1, 65535))[2][0] == "Offline " + text
    assert render(1, "idle_offline", (0, 0, 1, 1, 65535))[2][3] == "age unknown"
    assert render(1, "idle_online", (12, 0))[2][1] == "Terminal 12 "
    assert render(1, "idle_online", (12, 32700))[2][1] == "Terminal 12 09:05"


def test_an_unknown_reason_is_no_crash():
    assert "200" in "".join(render(0, "refused", (200,))[2])
