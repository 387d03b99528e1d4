"""Everything that can go wrong at the desk, and the sentence that says what to do: one table."""

# name: (中文, English)
SENTENCES = {
    "no_service": (
        "读卡服务 pcscd 没有运行。启动它（sudo systemctl start pcscd）再运行一次",
        "the reader service pcscd is not running: start it (sudo systemctl start pcscd) and run"
        " this again",
    ),
    "no_reader": (
        "没有找到读卡器{named}。插上读卡器再运行一次",
        "no reader{named} was found: plug it in and run this again",
    ),
    "which_reader": (
        "几台读卡器上都有卡（{names}）。只留一张，或用 --reader 指定",
        "cards lie on several readers ({names}): leave one, or name the reader with --reader",
    ),
    "reader_busy": (
        "读卡器 {name} 被别的程序占用。关掉那个程序再运行一次",
        "another program has the reader {name}: close it and run this again",
    ),
    "no_pn532": (
        "{path} 上没有 PN532 应答（{why}）。检查接线和端口，再运行一次",
        "no PN532 answers at {path} ({why}): check wiring and port and run this again",
    ),
    "no_nfcpy": (
        "没有安装 nfcpy。运行 pip install 'campus-card[desk]'",
        "nfcpy is not installed: pip install 'campus-card[desk]'",
    ),
    "no_pyscard": (
        "没有安装 pyscard。运行 pip install 'campus-card[desk]'",
        "pyscard is not installed: pip install 'campus-card[desk]'",
    ),
    "no_card": (
        "等了 {seconds} 秒，没有卡。把卡平放在读卡器上再运行一次",
        "no card came in {seconds} s: lay one flat on the reader and run this again",
    ),
    "two_cards": (
        "读卡器上有两张卡。只留一张；什么也没有写",
        "two cards lie on the reader: leave one; nothing was written",
    ),
    "other_kind": (
        "这张卡是 {found}，要的是 {wanted}。换一张卡，或改 --credential；什么也没有写",
        "this card is {found}, wanted is {wanted}: take another card or another --credential;"
        " nothing was written",
    ),
    "unknown_kind": (
        "这不是 MIFARE Classic，也不是 CPU 卡（ATR {atr}）。换一张卡；什么也没有写",
        "this is neither MIFARE Classic nor a CPU card (ATR {atr}): take another one; nothing was"
        " written",
    ),
    "foreign": (
        "这张卡（{uid}）不是空白卡，也不是本校的卡。换一张；什么也没有写",
        "this card ({uid}) is not blank, and none of ours: take another one; nothing was written",
    ),
    "already": (
        "这张卡（{uid}）已是卡号 {card}。换一张空白卡；什么也没有写",
        "this card ({uid}) is number {card} already: take a blank one; nothing was written",
    ),
    "begun": (
        "这张卡（{uid}）已开始为 {name} 发卡（卡号 {card}）。为他发完，或先作废："
        "campus desk void {card}",
        "this card ({uid}) was begun as number {card} for {name}: finish that, or give it up"
        " first: campus desk void {card}",
    ),
    "unreturned": (
        "卡号 {card} 的收回没有做完。先做完：campus desk take-back",
        "taking back card {card} was not finished: finish that first, campus desk take-back",
    ),
    "protected": (
        "这张卡（{uid}）的 1 扇区被写保护。换一张卡；什么也没有写",
        "sector 1 of this card ({uid}) is write-protected: take another card; nothing was written",
    ),
    "refused_write": (
        "卡（{uid}）拒绝写入（{what}）。它还是空白卡；再试一次，仍不行就换一张卡",
        "the card ({uid}) refuses to be written ({what}): it is still blank; try once more, then"
        " take another one",
    ),
    "unlike": (
        "卡（{uid}）读回的内容不对（{what}）。它还是空白卡；再试一次，仍不行就换一张卡",
        "what was read back of the card ({uid}) is not what was written ({what}): it is still"
        " blank; try once more, then take another one",
    ),
    "spoiled": (
        "卡（{uid}）的密钥没有写完整，已无法再用。把它放到一边，作废（campus desk void {card}），"
        "换一张空白卡",
        "the keys of the card ({uid}) were written in part, it cannot be used any more: put it"
        " aside, give its number up (campus desk void {card}), take a blank one",
    ),
    "left_blank": (
        "卡（{uid}）在写完之前离开了：它还是空白卡。放回去再运行一次，会接着做（卡号 {card}）",
        "the card ({uid}) left before it was finished: it is still blank; put it back and run this"
        " again, it goes on as number {card}",
    ),
    "left_unsure": (
        "卡（{uid}）在最后一步离开了：要么还是空白卡，要么已发好。放回去再运行一次就知道"
        "（卡号 {card}）",
        "the card ({uid}) left in the last step: it is blank or issued; put it back and run this"
        " again, that tells (number {card})",
    ),
    "left_issued": (
        "卡（{uid}）已发好（卡号 {card}），核对时离开了。放回去再运行一次，完成核对",
        "the card ({uid}) is issued as number {card} and left while it was checked: put it back"
        " and run this again",
    ),
    "left": (
        "卡离开了读卡器，什么也没有改变。放回去再运行一次",
        "the card left the reader, nothing was changed: put it back and run this again",
    ),
    "left_loading": (
        "卡（{uid}）的充值没有做完：{why}。钱已收，不会丢，也不会多：放回去运行 campus desk load，"
        "或下次刷卡时到账",
        "loading the card ({uid}) was not finished: {why}; the money is taken and comes onto it"
        " once: put it back and run campus desk load, or it is there after its next tap",
    ),
    "left_wiping": (
        "卡（{uid}）在清除时离开了。卡号 {card} 已停用；放回去再运行一次，会接着清除",
        "the card ({uid}) left while it was wiped: number {card} is dead; put it back and run this"
        " again, it goes on",
    ),
    "other_card": (
        "换了一张卡：这是 {uid}，要的是 {wanted}。把原来那张放回去",
        "this is another card: {uid}, wanted is {wanted}; put that one back",
    ),
    "untold": (
        "卡（{uid}）已写好，但服务器还不知道（{why}）。不要交给持卡人；网络恢复后放回去再运行"
        "一次（卡号 {card}）",
        "the card ({uid}) is written, but the server does not know it yet ({why}): do not hand it"
        " out; put it back when the network is back and run this again (number {card})",
    ),
    "not_ours": (
        "这张卡（{uid}）不是本校的卡",
        "this card ({uid}) is none of ours",
    ),
    "blank": (
        "这是空白卡（{uid}），没有卡号",
        "this card ({uid}) is blank, it has no number",
    ),
    "unread": (
        "卡（{uid}）打不开：密钥对不上，或已损坏（卡号 {card}）。按补卡处理",
        "the card ({uid}) does not open: a wrong key, or it is damaged (number {card}); replace it",
    ),
    "not_right": (
        "卡号 {card} 有问题：{problem}",
        "card {card} is not right: {problem}",
    ),
    "no_server": (
        "服务器连不上（{why}）。卡上什么也没有写；网络恢复后再运行一次",
        "the server is not reached ({why}): nothing was written to the card; run this again when"
        " the network is back",
    ),
    "refused": (
        "服务器不同意：{why}",
        "the server says no: {why}",
    ),
    "bad_list": (
        "{file} 第 {line} 行：{why}。改好再运行一次",
        "{file}, line {line}: {why}; mend it and run this again",
    ),
    "unforeseen": (
        "没有料到的错误（{what}）。再运行一次；仍出现，把这句话告诉开发者",
        "nobody foresaw this ({what}): run this again; if it comes again, tell this sentence to"
        " the developers",
    ),
}

# what is wrong with a card that was read
PROBLEMS = {
    "identity": ("身份数据被改动或损坏", "its identity was altered or is damaged"),
    "purse": ("钱包数据被改动或损坏", "its purse was altered or is damaged"),
    "older": ("卡上是旧数据（复制或回写的卡）", "it shows an older state: a copy"),
    "proof": ("它证明不了自己（复制的卡）", "it cannot prove itself: a copy"),
    "listed": ("已挂失", "it is reported lost"),
    "dead": ("已作废", "it is dead"),
}

# states of a card, as the server names them
STATES = {
    "open": ("未发完", "begun"),
    "issued": ("已发", "issued"),
    "void": ("已作废", "given up"),
    "returned": ("已收回", "returned"),
    "replaced": ("已被补卡替换", "replaced"),
}
