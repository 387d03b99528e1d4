"""What the channel promises, one promise a test, named after what broke in others' channels.

Names and numbers of issues: libosdp #39, #214, #244, #287, OSDP.Net #95, #193; D. Petro and D.
Vargas, "Badge of Shame" (2023), for the five that OSDP's secure channel left open. Where this
channel has no such thing at all (a default key, a time of installing, capabilities), the test shows
by behaviour that there is none. More of the same, frame by frame: test_session, test_any_bytes.
"""

from firmware.core.keystore import Keys, NotProvisioned
from firmware.core.layout import Region
from protocol import channel, frame, hkdf, keypage, reasons
from protocol.errors import LocalError, RemoteError
from protocol.session import SERVER, TERMINAL, reject
from terminal_sim.flash import Flash
from tests.shared.expect import raises
from tests.shared.pair import ADDRESS, Pair, deliver, frames, sent, side, traces

OTHERS = (b"a master of cards", b"another master!!", b"master of purses")
OPEN_TO_ALL = (
    bytes(16),
    b"\xff" * 16,
    bytes(range(0x30, 0x40)),  # SCBK-D, the default key of OSDP
    bytes(range(16)),
)


def refused(session, raw):
    """The frames are refused and leave no trace."""
    before = traces(session)
    assert str(raises(RemoteError, deliver, session, raw))
    assert traces(session) == before


def payload_of(raw):
    """The payload of one frame."""
    ((_, payload),) = frames(raw)
    return payload


def flash_with(page):
    """Flash whose first sector begins with `page`."""
    flash = Flash(4096)
    flash.program(0, page)
    return flash


def page_with(enrolment, others=OTHERS):
    """A key page as an attacker or a careless tool makes it: whole, with a good checksum."""
    keys = (enrolment, others[0][:16], others[1], others[2])
    page = keypage.pack(ADDRESS, 1, b"enrolment key 16", *[key[:16] for key in OTHERS])
    page = page[:12] + b"".join(keys) + page[76:124]
    return page + keypage.binascii.crc32(page).to_bytes(4, "big")


# no plaintext, no default, no way down


def test_no_plaintext_after_enrolment():
    for stage in ("challenged", "opened"):
        for body in (b"", b"\x01report", bytes(12) + b"report", bytes(60)):
            pair = getattr(Pair(), stage)()
            for kind in range(frame.TERMINAL_REQUEST, frame.POLL + 1):
                for session in (pair.terminal, pair.server):
                    refused(session, frame.pack(ADDRESS, kind, body))
    pair = Pair().opened()
    secret = b"card 4711 has 12.50 yuan"
    for raw in pair.exchange(secret, secret) + pair.push(secret, secret):
        assert raw.find(secret[:4]) < 0
        assert payload_of(raw)[4:-8] != secret


def test_default_key_refused_outside_window():
    for key in OPEN_TO_ALL:
        raises(LocalError, keypage.pack, 1, 1, key, *[other[:16] for other in OTHERS])
        page = page_with(key)
        assert keypage.unpack(page) is None
        raises(NotProvisioned, Keys, flash_with(page), Region(0, 1))
        pair = Pair().opened()
        stranger = side(TERMINAL, 5, key=key)
        refused(stranger, sent(deliver(pair.server, stranger.hello(1000))))
        pair.exchange(b"the live one", b"does not notice")
    assert keypage.unpack(page_with(b"enrolment key 16")).enrolment == b"enrolment key 16"


def test_a_key_page_without_keys_to_cards_is_refused_too():
    for key in OPEN_TO_ALL:
        for at in range(3):
            others = [other[:16] for other in OTHERS]
            others[at] = key
            page = page_with(b"enrolment key 16", others)
            may = at == 1 and key == b"\xff" * 16  # a gate has no key to write
            assert (keypage.unpack(page) is not None) == may


def test_enrolment_window_closes_by_itself():
    """There is none to close: no page, no terminal; and no hello ever leaves a door open."""
    raises(NotProvisioned, Keys, Flash(4096), Region(0, 1))
    server = side(SERVER, 2)
    for epoch in range(1, 40):
        stranger = side(TERMINAL, 100 + epoch, key=b"another key 16 b")
        friend = side(SERVER, 200 + epoch, key=b"another key 16 b")
        hello = stranger.hello(epoch)
        deliver(server, hello)
        deliver(stranger, sent(deliver(friend, hello)))
        refused(server, stranger.request(b"enrol me"))
        assert not server.is_open
    pair = Pair()
    pair.server, pair.epoch = server, 40
    pair.opened()


def test_capability_downgrade_refused():
    """Nothing is negotiated: another version is turned away, a shorter tag never opens."""
    pair = Pair()
    hello = pair.hello()
    for version in (0, 2, 255):
        older = frame.pack(ADDRESS, frame.HELLO, bytes((version,)) + payload_of(hello)[1:])
        assert sent(deliver(pair.server, older)) == reject(ADDRESS, reasons.VERSION)
        assert pair.server.state == "CLOSED"
    challenge = payload_of(sent(deliver(pair.server, hello)))
    refused(pair.terminal, frame.pack(ADDRESS, frame.CHALLENGE, b"\0" + challenge[1:]))
    refused(pair.terminal, frame.pack(ADDRESS, frame.CHALLENGE, challenge[:-4]))
    pair.opened()
    request = payload_of(pair.terminal.request(b"body"))
    for shorter in (4, 6, 7):
        cut = request[: len(request) - 8 + shorter]
        refused(pair.server, frame.pack(ADDRESS, frame.TERMINAL_REQUEST, cut))
    assert channel.TAG_SIZE == 8


# what ends a session, and what does not


def test_hello_does_not_kill_session():
    pair = Pair().opened()
    for epoch in (0, 1, 2, 3, 0xFFFFFFFF):
        stranger = side(TERMINAL, 9, key=b"another key 16 b")
        deliver(pair.server, stranger.hello(epoch))
        pair.exchange(b"still", b"here")
        pair.push(b"still", b"here")
    assert pair.server.epoch == 1


def test_wrong_key_handshake_leaves_no_trace():
    """OSDP.Net #193: a challenge made with another key was taken."""
    pair = Pair().opened()
    before = traces(pair.terminal)
    impostor = side(SERVER, 6, key=b"another key 16 b")
    closed = traces(impostor)[0]
    assert closed == "CLOSED" and not impostor.is_open
    hello = pair.hello()
    refused(pair.terminal, sent(deliver(impostor, hello)))
    assert pair.terminal.epoch == 1
    assert traces(pair.terminal)[9:] == before[9:]  # the live keys and their counters
    deliver(pair.terminal, sent(deliver(pair.server, hello)))
    pair.exchange(b"the right", b"ones meet")


def test_nak0_resets_both():
    """OSDP.Net #95: who has lost the thread must be able to bring both back to the beginning.

    Here that is a new hello, proven by its key. A reject, which anybody can send, resets nothing.
    """
    for lost in (TERMINAL, SERVER):
        pair = Pair().opened()
        pair.exchange(b"before", b"before")
        if lost == TERMINAL:
            pair.terminal = side(TERMINAL, 77)
        else:
            pair.server = side(SERVER, 78)
            refused(pair.server, pair.terminal.request(b"unknown session"))
        pair.challenged()
        first = pair.terminal.request(b"again")
        assert payload_of(first)[:4] == bytes(4)
        assert deliver(pair.server, first) == [("open", 2), ("request", b"again")]
        reply = pair.server.reply(b"from the start")
        assert payload_of(reply)[:4] == bytes(4)
        deliver(pair.terminal, reply)
        assert payload_of(pair.server.request(b"push"))[:4] == bytes(4)
    pair = Pair().opened()
    for reason in range(256):
        refused(pair.terminal, reject(ADDRESS, reason))


def test_sequence_wraps_rekeys():
    """Long before a counter could come to its end, new keys; past it, nothing under the old."""
    pair = Pair().opened()
    live = pair.terminal._live
    seen = []
    for session in (pair.terminal, pair.server):
        session._live._counter = channel.EXHAUSTED_AFTER - 1
        session._live._asked = channel.EXHAUSTED_AFTER - 2
    assert not pair.terminal.exhausted
    seen.append(pair.exchange(b"the last", b"of these keys")[0])
    assert pair.terminal.exhausted and pair.server.exhausted
    pair.opened()
    assert pair.terminal._live is not live
    assert not pair.terminal.exhausted and not pair.server.exhausted
    seen.append(pair.exchange(b"the last", b"of these keys")[0])
    assert seen[0] != seen[1]
    for session in (pair.terminal, pair.server):
        session._live._counter = 2 * channel.EXHAUSTED_AFTER
        raises(LocalError, session.request, b"never again")
        session._live._asked = 2 * channel.EXHAUSTED_AFTER - 1
    ahead = Pair()
    ahead.opened()
    ahead.opened()
    ahead.terminal._live._counter = 2 * channel.EXHAUSTED_AFTER - 1
    ahead.terminal.request(b"x")  # the same keys by the same seeds: a frame with the next number
    ahead.terminal._live._outstanding = None
    ahead.terminal._live._counter -= 1
    forged = ahead.terminal._live._seal(
        frame.TERMINAL_REQUEST, 2 * channel.EXHAUSTED_AFTER, b"past the end"
    )
    refused(pair.server, forged)


def test_new_keys_are_asked_for_once():
    """A hello that is out, or a challenge that has come, is not given up for another hello."""
    pair = Pair().opened()
    pair.terminal._live._counter = channel.EXHAUSTED_AFTER
    assert pair.terminal.exhausted
    hello = pair.hello()
    assert not pair.terminal.exhausted
    deliver(pair.terminal, sent(deliver(pair.server, hello)))
    assert not pair.terminal.exhausted


# again, from before, from ourselves


def test_retry_is_bit_identical():
    pair = Pair().opened()
    request = pair.terminal.request(b"pay once")
    assert deliver(pair.server, request) == [("request", b"pay once")]
    assert deliver(pair.server, pair.terminal.retry()) == []  # being answered
    reply = pair.server.reply(b"paid once")
    for _ in range(5):
        assert pair.terminal.retry() == request
        assert deliver(pair.server, request) == [("send", reply)]
    assert deliver(pair.terminal, reply) == [("reply", b"paid once")]
    refused(pair.terminal, reply)


def test_retry_does_not_move_sequence():
    """libosdp #214: a retry took the next number, and the other end hung up for 300 s."""
    pair = Pair().opened()
    for number in range(1, 5):
        request = pair.terminal.request(b"again and again")
        assert int.from_bytes(payload_of(request)[:4], "big") == number
        for _ in range(20):
            assert pair.terminal.retry() == request
        deliver(pair.server, request)
        for _ in range(20):
            deliver(pair.server, request)
        deliver(pair.terminal, pair.server.reply(b"one answer"))
    assert int.from_bytes(payload_of(pair.terminal.request(b"next"))[:4], "big") == 5


def test_cached_reply_dies_with_session():
    pair = Pair().opened()
    request, reply = pair.exchange(b"old question", b"old answer")
    pair.opened()
    refused(pair.server, request)
    refused(pair.terminal, reply)
    fresh = pair.terminal.request(b"old question")
    assert deliver(pair.server, fresh) == [("request", b"old question")]


def test_a_second_handshake_is_not_answered_from_the_cache_of_the_first():
    """libosdp #244: the next try had the number of the failed one and got its kept answer."""
    pair = Pair()
    first = pair.hello()
    spoilt = sent(deliver(pair.server, first))
    second = pair.hello()
    challenge = sent(deliver(pair.server, second))
    assert challenge != spoilt
    refused(pair.terminal, spoilt)
    assert deliver(pair.terminal, challenge) == []
    pair.exchange(b"through", b"at last")


def test_every_handshake_counts_from_the_beginning():
    """libosdp #287: after a failed try the sequence went on, and the other end refused it."""
    pair = Pair().opened()
    for epoch in range(2, 6):
        for count in range(epoch):
            pair.exchange(b"%d" % count, b"ok")
        pair.terminal.request(b"never answered")
        pair.hello()  # lost
        pair.challenged()
        assert payload_of(pair.terminal.request(b"first"))[:4] == bytes(4)
        deliver(pair.server, pair.terminal.retry())
        deliver(pair.terminal, pair.server.reply(b"ok"))


def test_a_number_out_of_turn_does_not_put_anyone_offline():
    """libosdp #39: one mismatch, and the two ends could not find each other again."""
    pair, ahead = Pair().opened(), Pair().opened()
    for _ in range(3):
        ahead.exchange(b"ahead", b"ahead")
    refused(pair.server, ahead.terminal.request(b"too early"))
    pair.exchange(b"the right", b"number")
    pair.push(b"the right", b"number")


def test_replayed_old_session_refused():
    """Every frame of a whole old session, to both ends, in every state of a new one."""
    kept = []
    pair = Pair()
    hello = pair.hello()
    challenge = sent(deliver(pair.server, hello))
    deliver(pair.terminal, challenge)
    kept += [hello, challenge]
    kept += pair.exchange(b"first", b"first") + pair.exchange(b"pay", b"paid")
    kept += pair.push(b"list", b"have it")
    sealed = kept[2:]
    for stage in ("hello", "challenged", "opened"):
        later = Pair()
        later.epoch = 1
        later.terminal, later.server = side(TERMINAL, 31), side(SERVER, 32)
        getattr(later, stage)()
        for raw in sealed:
            for session in (later.terminal, later.server):
                refused(session, raw)
        refused(later.terminal, challenge)
        if stage == "opened":
            assert deliver(later.server, hello) == [("send", reject(ADDRESS, reasons.STALE_EPOCH))]
            later.exchange(b"the new", b"lives")


def test_reflected_frame_refused():
    pair = Pair().opened()
    hello = pair.hello()
    refused(pair.terminal, hello)
    challenge = sent(deliver(pair.server, hello))
    refused(pair.server, challenge)
    deliver(pair.terminal, challenge)
    pair.exchange(b"x", b"y")
    request = pair.terminal.request(b"mine")
    refused(pair.terminal, request)
    for kind in (frame.SERVER_REQUEST, frame.SERVER_REPLY):  # and under the kind it expects
        refused(pair.terminal, frame.pack(ADDRESS, kind, payload_of(request)))
    deliver(pair.server, request)
    reply = pair.server.reply(b"yours")
    refused(pair.server, reply)
    for kind in (frame.TERMINAL_REQUEST, frame.TERMINAL_REPLY):
        refused(pair.server, frame.pack(ADDRESS, kind, payload_of(reply)))
    assert deliver(pair.terminal, reply) == [("reply", b"yours")]


def test_keys_depend_on_both_nonces_the_address_and_the_enrolment_key():
    """So a nonce of ours that comes again, or a server's, does not bring a key again."""
    seen = set()
    for key in (b"enrolment key 16", b"another key 16 b"):
        for salt in (b"t" * 16 + b"s" * 16, b"T" * 16 + b"s" * 16, b"t" * 16 + b"S" * 16):
            for address in (1, 2):
                info = b"campus-card session 1" + address.to_bytes(2, "big")
                seen.add(hkdf.derive(key, salt, info, 40))
    assert len(seen) == 12
