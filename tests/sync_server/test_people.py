"""People, lists and leavers through the pages: what an office does on a working day."""

import json

import pytest

from sync_server.core import validity
from sync_server.store import archive
from tests.sync_server.office import College
from tests.sync_server.test_rosters import as_book, as_csv

pytestmark = pytest.mark.usefixtures("both")

NOW_S = 1_793_000_000  # in October 2026
NAMES = ("张三", "李四", "王五", "赵六", "钱七")


@pytest.fixture
def college(tmp_path):
    college = College(tmp_path)
    yield college
    college.close()


def csv(*rows, head=("学号", "姓名", "专业")):
    return as_csv([list(head), *map(list, rows)], "gbk")


def students(count, first=180001):
    return [(str(first + n), f"{NAMES[n % 5]}{n}", "国际金融") for n in range(count)]


def put(college, kind, data, name="名单.csv"):
    answer = college.app.test_client().post(
        f"/api/lists?kind={kind}&file={name}", data=data,
        headers={"Authorization": f"Bearer {'t' * 43}"},
    )  # fmt: skip
    return answer.status_code, answer.json


def admitted(college, count, balance_fen=5000):
    """So many students with a card each. -> their holder ids"""
    _, made = put(college, "students", csv(*students(count)))
    assert college.api("POST", f"/api/lists/{made['id']}/apply")[0] == 200
    cards = [
        {"holder_kind": 2, "name": name, "uid": f"{n:08x}", "valid_until": "2029-07-01", "zones": 1,
         "balance_fen": balance_fen, "holder": number}
        for n, (number, name, _) in enumerate(students(count))
    ]  # fmt: skip
    assert college.api("POST", "/api/cards", {"cards": cards})[0] == 201
    return [row["id"] for row in college.store.holders.find("", 0, 9999, 0)]


# lists


# shows R6
def test_a_list_is_looked_at_then_applied_once(college):
    teacher = college.browser("liu", "teaching")
    data = csv(*students(3), ("180001", "张三", "x"), ("", "无名", "x"))
    sent = teacher.post("/lists", kind="students", files={"file": (io(data), "2026 新生.csv")})
    page = teacher.text(sent.headers["Location"])
    for word in ("新增", "有误", "与第 2 行重复", "缺失", "2026 新生.csv", "尚未作任何更改"):
        assert word in page, word
    assert college.store.holders.find("", 0, 99, 0) == []
    again = teacher.post("/lists", kind="students", files={"file": (io(data), "other.csv")})
    assert again.headers["Location"] == sent.headers["Location"]
    for _ in range(2):
        teacher.post(f"{sent.headers['Location']}/apply")
    kinds = [kind for kind, _ in teacher.said()]
    assert kinds[-2:] == ["done", "problem"]
    found = college.store.holders.find("", 0, 99, 0)
    assert [one["name"] for one in found] == ["张三0", "李四1", "王五2"]
    assert "已执行" in teacher.text(sent.headers["Location"]) and "新增 3" in teacher.text("/lists")


def test_a_list_of_a_whole_college_comes_through_the_page(college):
    teacher, data = college.browser("liu", "teaching"), csv(*students(5000))
    assert len(data) > 100_000
    sent = teacher.post("/lists", kind="students", files={"file": (io(data), "在校生.csv")})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/lists/1")
    assert college.store.rosters.get(1, 1)[1][-1].number == "185000"


def io(data):
    from io import BytesIO

    return BytesIO(data)


@pytest.mark.parametrize(
    ("kind", "data", "line"),
    [
        ("students", b"", "请选择文件。"),
        ("nonsense", csv(), "请选择名单类别。"),
        ("students", b"\xd0\xcf\x11\xe0" * 9, "这是旧版 .xls 文件，请另存为 .xlsx 或 CSV"),
        ("students", csv(("1", "a"), head=("学号", "年龄")), "首行须为列名，缺少：姓名"),
    ],
)
def test_what_is_no_list_is_told_in_chinese(college, kind, data, line):
    teacher = college.browser("liu", "teaching")
    teacher.post("/lists", kind=kind, files={"file": (io(data), "x.csv")})
    assert ("problem", line) in teacher.said() and college.store.rosters.recent(9) == []


def test_another_offices_list_is_not_theirs(college):
    personnel = college.browser("sun", "personnel")
    sent = personnel.post("/lists", kind="students", files={"file": (io(csv(*students(1))), "x")})
    assert sent.status_code == 403 and college.store.rosters.recent(9) == []
    put(college, "students", csv(*students(1)))
    assert personnel.get("/lists/1").status_code == 200
    assert personnel.post("/lists/1/apply").status_code == 403
    assert college.store.holders.find("", 0, 9, 0) == []
    assert college.api("GET", "/api/lists/99")[0] == 404


def test_a_workbook_of_four_thousand(college):
    rows = [["学号", "姓名", "专业"], *map(list, students(4341))]
    assert put(college, "students", as_book(rows), "people.xlsx") == (201, {"id": 1, "new": True})
    status, told = college.api("POST", "/api/lists/1/apply")
    assert (status, told) == (200, {"outcome": {"new": 4341}})
    status, told = college.api("GET", "/api/people?q=18434")
    assert [one["number"] for one in told["people"]] == ["184340", "184341"]
    assert told["counts"] == {"2": 4341}


# people


def test_found_by_number_name_and_card_and_never_by_sql(college):
    admitted(college, 12)
    clerk = college.browser("li", "clerk")
    assert "王五7" in clerk.text("/people?q=王五") and "张三0" not in clerk.text("/people?q=王五")
    assert "钱七4" in clerk.text("/people?q=180005")
    assert "赵六3" in clerk.text("/people?q=4")  # its card
    for nothing in ("%", "_", "' OR 1=1 --", "\\", "<script>alert(1)</script>"):
        page = clerk.text(f"/people?q={nothing}")
        assert "没有找到持卡人" in page and "<script>alert" not in page
    part = clerk.get("/people?q=张三", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div class="sheet">')


def test_one_page_of_somebody(college):
    ids = admitted(college, 2)
    clerk = college.browser("li", "clerk")
    page = clerk.text(f"/people/{ids[0]}")
    for word in ("张三0", "180001", "国际金融", "50.00", "使用中", "暂无消费"):
        assert word in page, word
    status, told = college.api("GET", f"/api/people/{ids[0]}")
    assert (status, told["cards"][0]["purse_fen"], told["taps"]) == (200, 5000, [])
    assert clerk.get("/people/9999").status_code == 404
    assert college.browser("m", "merchant", "食堂").get(f"/people/{ids[0]}").status_code == 403


# shows R1
def test_extended_on_somebodys_word_which_is_kept(college):
    (one,) = admitted(college, 1)
    clerk = college.browser("li", "clerk")
    for until, approver in (
        ("2020-01-01", "王主任"), ("2056-01-01", "王主任"), ("2029-02-30", "王主任"),
        ("2029-01-01", ""),
    ):  # fmt: skip
        clerk.post(f"/people/{one}/extension", until=until, approver=approver, paper="1 号")
    assert [kind for kind, _ in clerk.said()] == ["problem"] * 4
    college.store.db.conn.execute("UPDATE holder SET valid_until = 9000")
    clerk.post(
        f"/people/{one}/extension", until="2028-07-01", approver="王主任", paper="教〔2026〕1 号"
    )
    told = college.store.holders.extensions_of(one)[0]
    assert (told["approved_by"], told["entered_by"], told["was_until"]) == ("王主任", "li", 9000)
    assert college.store.cards.get(1)["valid_until"] == validity.day("2028-07-01")
    assert "王主任" in clerk.text(f"/people/{one}")


def test_a_card_that_is_nobodys_is_linked_once(college):
    ids = admitted(college, 2)
    wish = {"holder_kind": 2, "name": "x", "uid": "00000099", "valid_until": 10000, "zones": 1}
    (card,) = college.store.cards.issue([wish | {"balance_fen": 0}], 1)
    clerk = college.browser("li", "clerk")
    clerk.post(f"/people/{ids[0]}/cards", card=str(card))
    clerk.post(f"/people/{ids[1]}/cards", card=str(card))
    clerk.post(f"/people/{ids[1]}/cards", card="777")
    assert [kind for kind, _ in clerk.said()] == ["done", "problem", "problem"]
    assert college.store.holders.of_card(card) == ids[0]
    bad = {
        "holder_kind": 1, "name": "x", "uid": "00000098", "valid_until": "2028-01-01", "zones": 1,
        "balance_fen": 0, "holder": "180001",
    }  # fmt: skip
    status, told = college.api("POST", "/api/cards", {"cards": [bad]})
    assert status == 400 and "no card for 180001" in told["error"]


# those who leave


HEAD = ("学号", "姓名", "原因", "余额处理", "捐赠金额", "银行卡号")


def leaving(*rows):
    return csv(*rows, head=HEAD)


# shows R6
def test_one_leaves_and_the_card_stops(college):
    ids = admitted(college, 2)
    _, made = put(college, "students-leave", leaving(("180001", "张三0", "退学", "", "", "")))
    clerk = college.browser("li", "clerk")
    clerk.post("/cards/1/stop")  # it was lost, too
    assert college.api("POST", f"/api/lists/{made['id']}/apply")[1] == {"outcome": {"end": 1}}
    assert college.store.lists.is_listed(1) and not college.store.lists.is_listed(2)
    clerk.post("/cards/1/free")  # found: but its holder has left
    assert college.store.lists.is_listed(1)
    clerk.post("/cards/1/stop")
    assert college.store.lists.is_listed(1) and "已注销" in clerk.text(f"/people/{ids[0]}")
    digest = college.store.lists.state(0, 0)[2]
    from sync_server.core import loss_lists

    assert digest == loss_lists.digest({1}, loss_lists.universe(2))


# shows R8
def test_a_graduation(college):
    """1,400 would be a while here: 60, which is as much more than the brake lets through."""
    count = 60
    admitted(college, count)
    shop = college.enrol("pos", "食堂 1", "食堂")
    college.store.terminals.report(shop, Told(list_version=0, queue=3, grey=0), 5)
    rows = [
        (number, name, "毕业", ("退款", "捐赠", "部分捐赠")[n % 3], "12.50" if n % 3 == 2 else "",
         f"62220000000{n:05}" if n % 2 else "")
        for n, (number, name, _) in enumerate(students(count))
    ]  # fmt: skip
    _, made = put(college, "students-leave", leaving(*rows), "毕业生.csv")
    teacher = college.browser("liu", "teaching")
    teacher.post(f"/lists/{made['id']}/apply")
    teacher.post(f"/lists/{made['id']}/apply")
    assert "须由第二人批准" in teacher.said()[0][1] and not college.store.lists.is_listed(1)
    assert "待第二人批准" in teacher.text(f"/lists/{made['id']}")
    wang = college.browser("wang")
    assert len(college.store.requests.find(True, 9)) == 1
    assert "毕业生.csv" in wang.text("/approvals")
    wang.post("/approvals/1", act="grant")
    assert all(college.store.lists.is_listed(card) for card in range(1, count + 1))
    version = college.store.lists.state(0, 0)[0]
    assert version == 1  # one delta for all of them

    money = college.browser("zhou", "finance")
    assert "流水尚未到齐" in money.text("/leavers") and "食堂 1" in money.text("/leavers")
    money.post("/leavers/settle")
    assert college.store.leavers.totals()["settled"] == 0
    college.store.terminals.report(shop, Told(list_version=version, queue=0, grey=0), 6)
    for step in (7, 20):  # stopped in between
        college.store.leavers.settle(step, 9)
    money.post("/leavers/settle")
    money.post("/leavers/settle")
    totals = college.store.leavers.totals()
    donated = 20 * 5000 + 20 * 1250
    assert (totals["settled"], totals["donated_fen"]) == (count, donated)
    assert totals["refund_fen"] == count * 5000 - donated
    books = {(row["type"], row["key"]): row["balance_fen"] for row in college.store.accounts.all()}
    assert books["foundation", ""] == donated
    assert books["suspense", "refund"] == totals["refund_fen"]
    assert college.store.accounts.sum_fen() == 0 and books["purse", "1"] == 0

    money.post("/refunds")
    money.post("/refunds")
    assert [kind for kind, _ in money.said()][-2:] == ["done", "problem"]
    assert money.get("/refunds/1/file").status_code == 409
    (asked,) = college.store.requests.find(True, 9)
    money.post(f"/approvals/{asked['id']}", act="grant")
    assert "不能批准自己" in money.said()[-1][1]
    wang.post(f"/approvals/{asked['id']}", act="grant")
    first, second = (money.get("/refunds/1/file").get_data() for _ in range(2))
    assert first == second and first.startswith("\ufeff序号,学号".encode())
    lines = first.decode("utf-8-sig").split("\r\n")[1:-1]
    listed = sum(int(line.split(",")[4].replace(".", "")) for line in lines)
    books = {(row["type"], row["key"]): row["balance_fen"] for row in college.store.accounts.all()}
    assert books["suspense", "refund"] == totals["refund_fen"] - listed and len(lines) == 20
    assert college.store.accounts.sum_fen() == 0
    assert books["bank", ""] == -(count * 5000) + listed
    assert college.store.audit.check()[2] is None


def test_a_whole_year_asks_the_database_no_more_often_than_a_few_people(college, monkeypatch):
    """Where the database is another process, ten thousand questions take seconds."""
    asked = []
    connection = type(college.store.db.conn)
    real = connection.execute
    monkeypatch.setattr(
        connection, "execute", lambda *given: (asked.append(given[1]), real(*given))[1]
    )
    few, many = (
        asked_to_come_and_go(college, asked, *part) for part in ((5, 180001), (45, 190001))
    )
    assert few == many


def asked_to_come_and_go(college, asked, count, first):
    """So many are listed, then leave and are settled. -> questions, by those three."""
    today, told, some = validity.today(NOW_S), [], students(count, first)
    rows = {
        "students": [{"number": number, "name": name} for number, name, _ in some],
        "students-leave": [
            {"number": number, "name": name, "choice": ""} for number, name, _ in some
        ],
    }
    for kind, of in rows.items():
        of = [one | {"row": str(at)} for at, one in enumerate(of, 2)]
        roster, _ = college.store.rosters.put(
            kind, f"{kind}{first}".encode(), "x", of, "liu", NOW_S
        )
        asked.clear()
        college.store.rosters.apply(roster, today, "liu", NOW_S)
        told.append(len(asked))
    asked.clear()
    assert college.store.leavers.settle(200, NOW_S)["settled"] == count
    return [*told, len(asked)]


def test_a_refund_that_is_refused_waits_for_another_batch(college):
    admitted(college, 1)
    _, made = put(college, "students-leave",
                  leaving(("180001", "张三0", "退学", "退款", "", "6222000000001")))  # fmt: skip
    college.api("POST", f"/api/lists/{made['id']}/apply")
    money, other = college.browser("zhou", "finance"), college.browser("wu", "finance")
    money.post("/leavers/settle")
    money.post("/refunds")
    other.post("/approvals/1", act="refuse")
    assert college.store.leavers.totals()["unlisted_fen"] == 5000
    money.post("/refunds")
    other.post("/approvals/2", act="grant")
    status, told = college.api("GET", "/api/refunds/2/file")
    assert status == 403  # the key moves no money
    assert college.store.leavers.refund_rows(2)[0]["refund_fen"] == 5000
    assert college.store.leavers.refund_rows(1) is None


def test_a_name_that_would_be_a_formula():
    from sync_server.web.finance.leavers import bank_list

    row = {"number": "1", "name": '=HYPERLINK("x")', "bank": "62", "refund_fen": 5}
    text = bank_list(1, [row]).decode("utf-8-sig")
    assert "\"'=HYPERLINK" in text and "0.05" in text


class Told:
    """What a report says, as far as it matters here."""

    def __init__(self, **values):
        self._values = values

    def _asdict(self):
        return self._values


def test_two_clerks_on_one_card_at_once(college):
    from concurrent.futures import ThreadPoolExecutor

    admitted(college, 1)
    clerks = [college.browser(f"li{n}", "clerk") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for verb in ("stop", "free"):
            list(pool.map(lambda clerk, verb=verb: clerk.post(f"/cards/1/{verb}"), clerks))
    rows = college.store.db.rows("SELECT * FROM loss")
    assert len(rows) == 1 and rows[0]["withdrawn_by"].startswith("li")
    assert college.store.lists.state(0, 0)[0] == 2 and college.store.audit.check()[2] is None
    stops = [act for act in college.acts() if act[1] == "desk.stop"]
    assert len(stops) == 4 and json.dumps(stops)


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)  # its triggers are SQLite's
@pytest.mark.parametrize("point", range(1, 12, 3))
def test_a_list_that_fails_in_the_middle_leaves_nothing_and_is_applied_again(college, point):
    admitted(college, 6)
    rows = [(number, name, "退学", "", "", "") for number, name, _ in students(6)]
    _, made = put(college, "students-leave", leaving(*rows))
    kept = archive.sums(college.store.db)
    fails = Fails(college.store.db, point)
    status, told = college.api("POST", f"/api/lists/{made['id']}/apply")
    fails.end()
    assert (status, "disk" in told["error"]) == (500, False)  # the log has it
    assert archive.sums(college.store.db) == kept
    assert college.store.lists.state(0, 0)[0] == 0 and not college.store.lists.is_listed(1)
    assert college.api("POST", f"/api/lists/{made['id']}/apply")[1] == {"outcome": {"end": 6}}
    assert all(college.store.lists.is_listed(card) for card in range(1, 7))
    assert college.store.audit.check()[2] is None


class Fails:
    """The n-th row that is written to holder, leaver, audit or the lists finds no room."""

    TABLES = ("holder", "leaver", "audit", "list_change", "list_version")

    def __init__(self, db, point):
        self.conn = db.conn
        self.conn.execute("CREATE TABLE IF NOT EXISTS fuse (left INTEGER)")
        self.conn.execute("INSERT INTO fuse VALUES (?)", (point,))
        for table in self.TABLES:
            for event in ("INSERT", "UPDATE"):
                self.conn.execute(
                    f"CREATE TRIGGER fuse_{table}_{event} BEFORE {event} ON {table} BEGIN"
                    " UPDATE fuse SET left = left - 1;"
                    " SELECT raise(ROLLBACK, 'disk full') FROM fuse WHERE left = 0; END"
                )

    def end(self):
        for table in self.TABLES:
            for event in ("INSERT", "UPDATE"):
                self.conn.execute(f"DROP TRIGGER fuse_{table}_{event}")
        self.conn.execute("DROP TABLE fuse")
