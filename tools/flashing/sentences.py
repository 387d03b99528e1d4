"""Everything that can go wrong, and the sentence that says what to do: one table, two languages."""

# name: (中文, English)
SENTENCES = {
    "gone": (
        "板子断开了（已完成 {percent}%），等了 {seconds} 秒没有回来。把线插紧再运行一次，"
        "会从断开处继续",
        "the board went away at {percent} % and did not come back in {seconds} s: plug it in"
        " firmly"
        " and run this again, it goes on from there",
    ),
    "dropping": (
        "连线反复断开，{times} 次都没有进展。换一根线、换一个 USB 口，再运行一次，会从断开处继续",
        "the cable dropped {times} times without progress: take another cable and another socket"
        " and run this again, it goes on from there",
    ),
    "mute": (
        "端口上没有任何应答。换一根能传数据的线；仍无应答，按住 BOOT 再插上，然后再运行一次",
        "nothing answers on this port: take a cable that carries data; if it stays mute, hold"
        " BOOT"
        " while you plug it in and run this again",
    ),
    "busy": (
        "端口打不开：被别的程序占用，或没有权限。关掉其他串口程序；Linux 上把用户加入 dialout 组。"
        "然后再运行一次",
        "the port does not open: another program has it, or you may not: close other serial"
        " programs; on Linux be in the group dialout. Then run this again",
    ),
    "loops": (
        "板子反复重启。换一个 USB 口（供电）；仍重启，按住 BOOT 再插上，然后再运行一次，"
        "会从头刷写",
        "the board resets again and again: try another USB socket (power); if it goes on, hold"
        " BOOT"
        " while you plug it in and run this again, it is flashed from the start",
    ),
    "md5": (
        "写入后读回的内容不对。再运行一次；同一块板第二次还不对，换线；再不对，"
        "这块板的闪存坏了，放到一边",
        "what was read back is not what was written: run this again; the second time take another"
        " cable, the third time put the board aside, its flash is bad",
    ),
    "lost_reply": (
        "写入途中有一个应答没有收到。换一根短的线，再运行一次，会从断开处继续",
        "an answer got lost while writing: take a shorter cable and run this again, it goes on"
        " from"
        " there",
    ),
    "other_chip": (
        "这是 {chip}，不是 RP2040 或 ESP32-S3。拔下它，换对的板子",
        "this is a {chip} and neither an RP2040 nor an ESP32-S3: take it out, use the right"
        " board",
    ),
    "small_flash": (
        "这块 ESP32-S3 的闪存是 {size}，至少要 8MB。换 N8 或更大的型号",
        "this ESP32-S3 has {size} of flash, at least 8MB are needed: take an N8 or larger",
    ),
    "same_id": (
        "{ports} 上的板子编号都是 {id}。不能有两块编号相同的板子：都拔下，逐块插上再运行；"
        "仍相同的放到一边",
        "the boards on {ports} all say they are {id}: take them out and plug them in one by"
        " one; put"
        " aside what says the same again",
    ),
    "already": (
        "这块板已经是终端 {number}。先用 --journal 存出流水；确实要重新登记，加 --anew",
        "this board is terminal {number} already: save its journal with --journal first; if it"
        " shall"
        " be enrolled anew, add --anew",
    ),
    "base_needed": (
        "这块板上没有我们的基础固件。加 --base 给出文件（RP2040 的 .uf2 或 ESP32-S3 的 .bin）",
        "this board does not have our base firmware: give the file with --base (.uf2 for an"
        " RP2040,"
        " .bin for an ESP32-S3)",
    ),
    "boot_drive": (
        "RP2040 没有变成 U 盘或没有从 U 盘启动。按住 BOOTSEL 再插上，然后再运行一次",
        "the RP2040 did not become a drive, or did not start from it: hold BOOTSEL while you"
        " plug it"
        " in and run this again",
    ),
    "on_board": (
        "板上的程序报错：{line}。再运行一次；仍报错，用 --base 重刷基础固件",
        "a program on the board failed: {line}; run this again, and if it fails again flash"
        " the base"
        " firmware with --base",
    ),
    "bad_uf2": (
        "{file} 不是给 RP2040 的 UF2 文件（{why}）。重新下载或重新生成它；没有碰任何板子",
        "{file} is no UF2 file for an RP2040 ({why}): fetch or build it again; no board was"
        " touched",
    ),
    "bad_base": (
        "{file} 不是给 ESP32-S3 的完整固件（{why}）。重新下载它；没有碰任何板子",
        "{file} is no whole firmware for an ESP32-S3 ({why}): fetch it again; no board was"
        " touched",
    ),
    "bad_image": (
        "{file} 损坏（{why}）。重新生成或重新拷贝它；没有碰任何板子",
        "{file} is damaged ({why}): build or copy it again; no board was touched",
    ),
    "strange_key": (
        "{file} 由 {key} 号密钥签名，而这里不信任它。向机房要正确的映像，"
        "或用 --trust {key}=公钥文件",
        "{file} is signed by key {key}, which is not trusted here: ask the office for the right"
        " image, or give --trust {key}=PUBLIC-KEY-FILE",
    ),
    "forged": (
        "{file} 的签名不对：它被改动过。不要使用它，向机房要正确的映像",
        "the signature of {file} is wrong, it was changed: do not use it, ask the office for the"
        " right image",
    ),
    "other_kind": (
        "映像是给 {kind} 的，而这里要的是 {wanted}。用 --image 给出正确的映像",
        "the image is for a {kind}, and this is to be a {wanted}: give the right one with"
        " --image",
    ),
    "older": (
        "板上的版本 {board} 比映像 {image} 新。向机房要新映像；确实要退回，加 --downgrade",
        "the board has version {board}, newer than the image's {image}: ask the office for a"
        " newer"
        " image; if you do want the old one, add --downgrade",
    ),
    "no_server": (
        "连不上服务器（{why}）。检查网络；板子已刷好，网络恢复后再运行一次即可登记。"
        "没有网络时用 --kit",
        "the server cannot be reached ({why}): check the network; the board is flashed, run this"
        " again when the network is back. Without a network use --kit",
    ),
    "refused": (
        "服务器不给登记：{why}。把这句话告诉机房",
        "the server does not enrol it: {why}; tell the office this sentence",
    ),
    "bad_code": (
        "领取码不对：{why}。照纸上逐字再输一次（不分大小写）",
        "the claim code is wrong: {why}; type it again as it stands on the paper",
    ),
    "bad_kit": (
        "{file} 打不开：领取码不是这个文件的，或文件损坏。核对领取码，或重新拷贝文件",
        "{file} does not open: the code is of another kit, or the file is damaged; check the"
        " code,"
        " or copy the file again",
    ),
    "kit_empty": (
        "离线包里的号码用完了。向机房再要一个",
        "the kit's numbers are used up: ask the office for another one",
    ),
    "no_claim": (
        "还没有领取码。板子已刷好，向机房要领取码，用 --claim 再运行一次",
        "there is no claim code: the board is flashed; ask the office for a code and run this"
        " again"
        " with --claim",
    ),
    "disk_full": (
        "这台电脑的磁盘满了（{file}）。腾出空间再运行一次；板子都没有丢，会接着做",
        "this computer's disk is full ({file}): make room and run this again; no board is"
        " lost, it"
        " goes on",
    ),
    "cannot_write": (
        "写不了 {file}（{why}）。换一个有写权限的目录（--work）再运行一次",
        "{file} cannot be written ({why}): choose another folder with --work and run this again",
    ),
    "test_failed": (
        "自检没有通过：{what}。修好后再运行一次",
        "the self-test failed: {what}; mend it and run this again",
    ),
    "unforeseen": (
        "没有料到的错误（{what}）。再运行一次；仍出现，把这句话和板子的型号告诉开发者",
        "nobody foresaw this ({what}): run this again; if it comes again, tell this sentence and"
        " the kind of board to the developers",
    ),
    "nothing": (
        "没有找到板子。检查 USB 线；新的 RP2040 要按住 BOOTSEL 再插上",
        "no board was found: check the cables; a new RP2040 is plugged in with BOOTSEL held",
    ),
}  # fmt: skip
