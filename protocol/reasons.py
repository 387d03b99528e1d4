"""Every reason to refuse a tap, to quarantine a record or to turn a terminal away.

One table: code, name, what happened (zh, en), what cashier or holder does (zh, en). Codes 1-31 are
terminal reasons (bit `code` of a record's policy word), 32-63 what an event, a load of nothing or a till's screen tells, 64-95 the
server's about a record, 96-127 the answer to a hello. A code is never given a second meaning. Screens may shorten the words.
"""

from protocol import lines

OK = 0
LISTED = 1
EXPIRED = 2
FOREIGN = 3
ALTERED = 4
BALANCE = 5
TAP_LIMIT = 6
AMOUNT_ZERO = 7
NO_RIGHT = 8
OUT_OF_HOURS = 9
OFFLINE_TAPS = 10
OFFLINE_FEN = 11
OFFLINE_TOO_LONG = 12
LIST_TOO_OLD = 13
JOURNAL_FULL = 14
CARD_GONE = 15
MANY_CARDS = 16
COUNTER_BACK = 17
PUT_BACK = 18
NOT_READY = 19
CLOCK_UNSET = 20
COUNTER_END = 21
BLOCKED_KIND = 22
PROOF = 23
PAID_BEFORE = 24
CODE_LATE = 25
CODE_USED = 26
IN_USE = 27
OUT_OF_SERVICE = 28
REPEATED = 29
PASSBACK = 30
PIN = 31

SHIFT_OPEN = 32
SHIFT_CLOSE = 33
DOOR_FORCED = 34
DOOR_HELD = 35
FIRE = 36
EMERGENCY = 37
REKEYED = 38
FREED = 39
LEAK = 40
VALVE_STUCK = 41
METER_SILENT = 42
METER_BACK = 43
METER_NOISE = 44
CASE_OPEN = 45
NO_PSAM = 46
STOPPED = 47
REFUND_LEAVE = 48
PIN_OFFLINE = 49
PIN_WRONG = 50
PIN_LOCKED = 51
PIN_UNSET = 52

UNKNOWN_CARD = 64
BAD_RECORD = 65
CHAIN_BROKEN = 66
FORKED_CARD = 67
NO_MERCHANT = 68
BAD_TYPE = 69
UNBALANCED = 70
BAD_PROOF = 71
MEAL_TWICE = 79

UNKNOWN_TERMINAL = 96
STALE_EPOCH = 97
VERSION = 98

# code | name | what happened: zh | en | what to do: zh | en
_TEXT = """
0 | OK | 成功 | accepted |  | 
1 | LISTED | 卡已挂失 | card reported lost | 收下此卡，请到卡务中心 | keep the card, go to the card office
2 | EXPIRED | 卡已过期 | card expired | 请到卡务中心延期 | have it extended at the card office
3 | FOREIGN | 非本校卡 | not a card of this campus | 请换本校卡 | use a campus card
4 | ALTERED | 卡数据异常 | card data altered | 请到卡务中心检查 | have it checked at the card office
5 | BALANCE | 余额不足 | balance too low | 请充值 | load the card
6 | TAP_LIMIT | 超过单笔限额 | amount above the limit of one tap | 请分次或减少金额 | enter a smaller amount
7 | AMOUNT_ZERO | 金额为零 | amount is zero | 请输入金额 | enter an amount
8 | NO_RIGHT | 无通行权限 | no right to pass here | 请联系管理员 | ask the administrator
9 | OUT_OF_HOURS | 不在开放时间 | outside the hours | 请在开放时间再来 | come back within the hours
10 | OFFLINE_TAPS | 脱机次数已满 | too many taps while offline | 请换一台终端 | use another terminal
11 | OFFLINE_FEN | 脱机或应急限额已满 | offline or emergency amount used up | 请换一台终端 | use another terminal
12 | OFFLINE_TOO_LONG | 终端脱机过久 | terminal offline for too long | 请检查网络 | check the network
13 | LIST_TOO_OLD | 名单过旧 | blacklist too old | 请检查网络 | check the network
14 | JOURNAL_FULL | 流水已满 | journal full | 请检查网络，等待上传 | check the network and wait for the upload
15 | CARD_GONE | 卡片离开过早 | card left too early | 请重新放卡 | present the card again
16 | MANY_CARDS | 请勿多卡 | more than one card | 请只放一张卡 | present one card only
17 | COUNTER_BACK | 卡片数据倒退 | card is older than when last seen | 收下此卡，请到卡务中心 | keep the card, go to the card office
18 | PUT_BACK | 交易未完成 | tap not finished | 请放回同一张卡 | put the same card back
19 | NOT_READY | 终端未就绪 | terminal has never met the server | 请联网后再用 | connect it first
20 | CLOCK_UNSET | 时钟未校准 | clock not set | 请联网后再用 | connect it first
21 | COUNTER_END | 卡片次数用尽 | card's counter is used up | 请到卡务中心换卡 | have it replaced at the card office
22 | BLOCKED_KIND | 此类人员不可用 | not for this kind of holder | 请联系管理员 | ask the administrator
23 | PROOF | 卡片交易凭证 | the card's proof of a purchase | 无需处理 | nothing
24 | PAID_BEFORE | 断电前已支付 | paid before the power cut | 确需再付请按 # | press # to pay once more
25 | CODE_LATE | 二维码已过时 | code is not of now | 请刷新二维码再出示 | refresh the code and show it again
26 | CODE_USED | 二维码已用过 | code was shown before | 请刷新二维码再出示 | refresh the code and show it again
27 | IN_USE | 正在使用 | in use | 请等用完 | wait until it is free
28 | OUT_OF_SERVICE | 设备故障 | out of service | 请换一台 | use another one
29 | REPEATED | 刚刚已支付 | paid a moment ago | 确需再付请按 # | press # to pay once more
30 | PASSBACK | 此卡刚刚进入 | this card has just let one in | 一人一卡，请稍后再刷 | one card, one person: try again later
31 | PIN | 需输密码 | PIN needed | 请持卡人输密码 | let the holder enter the PIN
32 | SHIFT_OPEN | 收银员上班 | a cashier began the shift | 无需处理 | nothing
33 | SHIFT_CLOSE | 收银员交班 | a cashier ended the shift | 核对两边合计 | compare both sums
34 | DOOR_FORCED | 门被强行打开 | door forced open | 立即核查现场 | have a look at it at once
35 | DOOR_HELD | 门开着太久 | door held open | 请关门 | shut the door
36 | FIRE | 火警 | fire alarm | 门已打开，请疏散 | the gate is open: leave the building
37 | EMERGENCY | 应急模式 | emergency mode | 按应急预案行动 | act by the emergency plan
38 | REKEYED | 卡密钥已更新 | the card has keys of the newer version | 无需处理 | nothing
39 | FREED | 停用标记已清除 | the mark was taken off the card | 无需处理 | nothing
40 | LEAK | 关断仍走字 | shut off, yet the meter turns | 检查阀门或线路，可能被私接 | look for a bypass
41 | VALVE_STUCK | 关不断 | it does not shut off | 立即维修阀门或继电器 | repair the valve or relay at once
42 | METER_SILENT | 开通不走字 | on, and the meter stands still | 检查表和供水供电 | check the meter and the supply
43 | METER_BACK | 表反转 | the meter runs backwards | 检查表，可能被改装 | check the meter, it may have been turned
44 | METER_NOISE | 表信号干扰 | noise on the meter's line | 检查表接线 | check the meter's wires
45 | CASE_OPEN | 机壳被打开 | the case is open | 核查现场 | have a look at it
46 | NO_PSAM | 安全模块无应答 | the key module does not answer | 请报修，改用其他卡或二维码 | have it repaired, pay by another card or a code
47 | STOPPED | 卡上已写停用标记 | the mark of a lost card was written | 收下此卡 | keep the card
48 | REFUND_LEAVE | 主管准许退款 | a supervisor let an old sale be given back | 无需处理 | nothing
49 | PIN_OFFLINE | 需联网输密码 | PIN needs the server | 请减少金额或稍后再试 | enter a smaller amount or try later
50 | PIN_WRONG | 密码错误 | wrong PIN | 请重新输入 | enter it again
51 | PIN_LOCKED | 密码已锁 | PIN locked | 请在手机或卡务中心解锁 | unlock it on the phone or at the card office
52 | PIN_UNSET | 未设密码 | no PIN was set | 请在手机或卡务中心设置 | set one on the phone or at the card office
64 | UNKNOWN_CARD | 卡号不存在 | card was never issued | 核查终端与发卡记录 | check the terminal and the issue log
65 | BAD_RECORD | 流水损坏 | record is damaged | 核查终端存储 | check the terminal's flash
66 | CHAIN_BROKEN | 流水链断裂 | chain to the record before is broken | 核查终端是否被篡改 | check the terminal for tampering
67 | FORKED_CARD | 卡片链分叉 | two records continue one purse | 疑似复制卡，请挂失核查 | likely a copied card: report it lost and check
68 | NO_MERCHANT | 终端无商户 | terminal belongs to no merchant | 先为终端登记商户 | give the terminal a merchant
69 | BAD_TYPE | 流水类型未知 | unknown type of record | 升级服务器 | upgrade the server
70 | UNBALANCED | 余额对不上 | balance does not follow | 人工核对此卡流水 | check this card's records by hand
71 | BAD_PROOF | 卡片凭证不符 | the card's proof is wrong | 核查此终端与此卡 | check this terminal and this card
79 | MEAL_TWICE | 一餐补贴两次 | meal subsidised twice | 向持卡人核实并收回补贴 | ask the holder and take the subsidy back
96 | UNKNOWN_TERMINAL | 终端未登记 | terminal is not enrolled | 请登记终端 | enrol the terminal
97 | STALE_EPOCH | 终端状态过旧 | terminal's epoch is stale | 终端可能被复制或还原，请核查 | the terminal may be a copy or restored: check it
98 | VERSION | 协议版本不符 | protocol version differs | 请升级终端 | upgrade the terminal
"""

ZH = 0
EN = 1


def rows():
    """Yield (code, name, zh, en, zh to do, en to do) of every reason, in order of the codes."""
    for row in lines.every(_TEXT):
        yield (int(row[0]),) + tuple(row[1:])


def find(code):
    """The row of a code, or None. A scan: texts are for screens and pages, not for hot paths."""
    row = lines.find(_TEXT, code)
    return row and (code,) + tuple(row[1:])


def name(code):
    """Name of a code ("LISTED"), for logs; "REASON 200" if it is unknown."""
    row = find(code)
    return row[1] if row else f"REASON {code}"


def text(code, language):
    """(what happened, what to do) in language ZH or EN; an unknown code names itself."""
    row = find(code)
    if row is None:
        return (f"未知原因 {code}" if language == ZH else f"unknown reason {code}", "")
    return (row[2 + language], row[4 + language])
