"""The must of `campus flash`: ten boards in one run, two of them faulty; the re-run finishes them.

RP2040s come as boot drives and ESP32-S3s in their loader. Which parts of them are models and which
are real is told in docs/flash.md.
"""

import csv
import io

from tools.flashing import label, work


# shows R29
def test_ten_boards_two_faulty_and_the_re_run_finishes_the_two(bench, server, claim):
    rp2 = [bench.rp2(n, "unplug@60000" if n == 3 else "") for n in range(5)]
    esp = [bench.esp32(n, "flip@3" if n == 2 else "") for n in range(5)]
    code = claim(10)["code"]
    options = ("--server", server.http, "--claim", code)

    status, said, log = bench.flash(*options)
    assert status == 1, said + log
    told = bench.report()
    assert (told["done"], told["failed"]) == (8, 2), said
    rows = {row["id"]: row for row in told["boards"]}
    assert set(rows) == {board.chip_id.hex() for board in rp2 + esp}
    unplugged, flipped = rows[rp2[3].chip_id.hex()], rows[esp[2].chip_id.hex()]
    assert unplugged["fault"] == "gone" and "会从断开处继续" in unplugged["says"]
    assert flipped["fault"] == "md5" and "读回的内容不对" in flipped["says"]
    assert said.count("  完成\n") == 8 and said.count("  失败  ") == 2
    for row in rows.values():
        if row["state"] == "done":
            assert row["terminal"] and all(test["passed"] for test in row["tests"].values())

    rp2[3].plug()
    status, said, log = bench.flash(*options)
    assert status == 0, said + log
    rows = {row["id"]: row for row in bench.report()["boards"]}
    assert len(rows) == 10 and all(row["state"] == "done" for row in rows.values())
    numbers = sorted(row["terminal"] for row in rows.values())
    assert numbers == list(range(1, 11))
    enrolled = server.call("GET", "/api/status")["terminals"]
    assert {t["number"]: t["place"] for t in enrolled} == {n: f"一食堂 {n}" for n in numbers}
    sheet = io.StringIO((bench.work / "report.csv").read_text("utf-8-sig"))
    assert len(list(csv.DictReader(sheet))) == 10
    assert (bench.work / "labels.pdf").read_bytes().startswith(b"%PDF")
    assert (bench.work / "labels.zpl").read_text("utf-8").count("^XA") == 10
    assert label.qr_text(label.Label(7, "pos", "", "ab", "1")) == "campus-terminal:7:ab"
    for name in (work.STATE, "report.json"):
        assert (bench.work / name).stat().st_mode & 0o777 == 0o600
