"""What an attacker, a bad line or a careless caller can do to a session: nothing. I7, R26."""

from protocol import channel, frame, reasons
from protocol.errors import LocalError, RemoteError
from protocol.session import SERVER, TERMINAL, epoch_of, reject
from tests.shared.expect import raises
from tests.shared.pair import ADDRESS, Pair, deliver, frames, sent, side, traces


def refused(session, raw):
    """The frames are refused and leave no trace."""
    before = traces(session)
    error = raises(RemoteError, deliver, session, raw)
    assert str(error)
    assert traces(session) == before


def not_allowed(session, call, *arguments):
    """The call is our fault and leaves no trace."""
    before = traces(session)
    error = raises(LocalError, call, *arguments)
    assert str(error)
    assert traces(session) == before


def with_payload(raw, change):
    """The frame again with another payload and a good CRC, as an attacker on the line makes it."""
    ((kind, payload),) = frames(raw)
    return frame.pack(ADDRESS, kind, change(payload))


def flipped(payload, at):
    """The payload with one bit wrong."""
    changed = bytearray(payload)
    changed[at] ^= 1
    return bytes(changed)


def test_open_tells_both_sides_the_epoch():
    pair = Pair()
    pair.epoch = 41
    pair.challenged()
    assert not pair.terminal.is_open
    assert not pair.server.is_open
    request = pair.terminal.request(b"report")
    assert deliver(pair.server, request) == [("open", 42), ("request", b"report")]
    assert deliver(pair.terminal, pair.server.reply(b"state")) == [
        ("open", 42),
        ("reply", b"state"),
    ]
    assert pair.terminal.epoch == pair.server.epoch == 42


def test_bodies_of_every_size_pass_both_ways():
    pair = Pair().opened()
    for size in (0, 1, 15, 16, 17, channel.MAX_BODY):
        body = bytes(size)
        pair.exchange(body, body + b"r" if size < 100 else body)
        pair.push(body, body)
    not_allowed(pair.terminal, pair.terminal.request, bytes(channel.MAX_BODY + 1))


def test_requests_both_ways_do_not_wait_for_each_other():
    pair = Pair().opened()
    up = pair.terminal.request(b"up")
    down = pair.server.request(b"down")
    assert deliver(pair.server, up) == [("request", b"up")]
    assert deliver(pair.terminal, down) == [("request", b"down")]
    assert deliver(pair.server, pair.terminal.reply(b"down done")) == [("reply", b"down done")]
    assert deliver(pair.terminal, pair.server.reply(b"up done")) == [("reply", b"up done")]


def test_hello_does_not_kill_a_live_session():
    pair = Pair().opened()
    stranger = side(TERMINAL, 9, key=b"k" * 16)
    for _ in range(3):
        deliver(pair.server, stranger.hello(stranger._last_epoch + 1000))
        pair.exchange(b"still", b"here")
        pair.push(b"still", b"here")


def test_a_hello_of_our_own_keeps_the_live_session_until_the_new_one_is_proven():
    pair = Pair().opened()
    hello = pair.hello()
    pair.exchange(b"while", b"renewing")
    challenge = sent(deliver(pair.server, hello))
    pair.exchange(b"while", b"challenged")
    deliver(pair.terminal, challenge)
    pair.push(b"under", b"the old keys")
    assert pair.terminal.epoch == pair.server.epoch == 1
    pair.exchange(b"under", b"the new keys")
    assert pair.terminal.epoch == pair.server.epoch == 2
    pair.push(b"under", b"the new keys")


def test_reject_does_not_kill_a_live_session_or_a_handshake():
    pair = Pair()
    hello = pair.hello()
    assert deliver(pair.terminal, reject(ADDRESS, reasons.UNKNOWN_TERMINAL)) == [
        ("rejected", reasons.UNKNOWN_TERMINAL)
    ]
    deliver(pair.terminal, sent(deliver(pair.server, hello)))
    refused(pair.terminal, reject(ADDRESS, reasons.VERSION))
    pair.exchange(b"on", b"we go")
    refused(pair.terminal, reject(ADDRESS, reasons.VERSION))
    pair.exchange(b"on", b"we go")


def test_challenge_does_not_kill_a_live_session():
    pair = Pair()
    challenge = sent(deliver(pair.server, pair.hello()))
    deliver(pair.terminal, challenge)
    refused(pair.terminal, challenge)
    pair.exchange(b"a", b"b")
    refused(pair.terminal, challenge)
    pair.hello()
    refused(pair.terminal, challenge)  # it answered another hello
    pair.exchange(b"a", b"b")


# shows R26
def test_replayed_frame_refused():
    pair = Pair().opened()
    request, reply = pair.exchange(b"pay", b"paid")
    down, up = pair.push(b"list", b"have it")
    assert sent(deliver(pair.server, request)) == reply  # the last one: the same reply, no event
    assert sent(deliver(pair.terminal, down)) == up
    refused(pair.terminal, reply)
    refused(pair.server, up)
    pair.exchange(b"next", b"done")
    pair.push(b"next", b"done")
    for session, raw in (
        (pair.server, request),
        (pair.server, up),
        (pair.terminal, reply),
        (pair.terminal, down),
    ):
        refused(session, raw)


def test_frames_of_a_dead_session_are_refused():
    pair = Pair().opened()
    first = pair.exchange(b"old", b"old") + pair.push(b"old", b"old")
    pair.opened()
    for raw in first:
        for session in (pair.terminal, pair.server):
            refused(session, raw)
    pair.exchange(b"new", b"new")


def test_reflected_frame_refused():
    pair = Pair().opened()
    request = pair.terminal.request(b"mine")
    refused(pair.terminal, request)
    deliver(pair.server, request)
    reply = pair.server.reply(b"yours")
    refused(pair.server, reply)
    push = pair.server.request(b"mine")
    refused(pair.server, push)
    deliver(pair.terminal, push)
    refused(pair.terminal, pair.terminal.reply(b"yours"))
    refused(pair.terminal, pair.hello())


def test_a_frame_under_another_kind_is_refused():
    pair = Pair().opened()
    request = pair.terminal.request(b"body")
    ((_, payload),) = frames(request)
    pair.server.request(b"something")
    for kind in range(frame.HELLO, frame.POLL + 1):
        if kind not in (frame.TERMINAL_REQUEST, frame.HELLO):
            refused(pair.server, frame.pack(ADDRESS, kind, payload))
        refused(pair.terminal, frame.pack(ADDRESS, kind, payload))
    for kind in (0, 9, 255):
        raises(RemoteError, pair.server.receive, kind, payload)


def test_a_frame_of_another_terminal_is_refused():
    ours, theirs = Pair().opened(), Pair()
    theirs.terminal = side(TERMINAL, 1, address=ADDRESS + 1)
    theirs.server = side(SERVER, 2, address=ADDRESS + 1)
    theirs.opened()  # same enrolment key and random numbers: only the address differs
    ours.terminal.request(b"x")
    refused(ours.server, theirs.terminal.request(b"x"))


def test_wrong_key_leaves_no_trace():
    pair = Pair().opened()
    stranger = side(TERMINAL, 5, key=b"another key 16 b")
    challenge = sent(deliver(pair.server, stranger.hello(77)))
    refused(stranger, challenge)  # the terminal notices: the proof is not of its key
    not_allowed(stranger, stranger.request, b"let me in")
    impostor = side(SERVER, 6, key=b"another key 16 b")
    hello = pair.hello()
    refused(pair.terminal, sent(deliver(impostor, hello)))
    deliver(pair.terminal, sent(deliver(pair.server, hello)))
    pair.exchange(b"the right", b"ones meet")


def test_a_terminal_that_skips_the_proof_is_refused():
    server = side(SERVER, 2)
    friend = side(SERVER, 3, key=b"another key 16 b")
    thief = side(TERMINAL, 5, key=b"another key 16 b")
    hello = thief.hello(1)
    deliver(thief, sent(deliver(friend, hello)))  # it has keys, but not the server's
    deliver(server, hello)
    refused(server, thief.request(b"let me in"))
    assert not server.is_open


def test_every_flipped_bit_of_a_sealed_payload_is_refused():
    pair = Pair().opened()
    request = pair.terminal.request(b"amount 1")
    ((_, payload),) = frames(request)
    for at in range(len(payload)):
        refused(pair.server, with_payload(request, lambda whole, at=at: flipped(whole, at)))
    refused(pair.server, with_payload(request, lambda whole: whole[:-1]))
    refused(pair.server, with_payload(request, lambda whole: whole + b"\0"))
    for size in range(12):
        refused(pair.server, with_payload(request, lambda whole, size=size: whole[:size]))
    assert deliver(pair.server, request) == [("request", b"amount 1")]


def test_every_flipped_bit_of_a_challenge_is_refused():
    pair = Pair()
    challenge = sent(deliver(pair.server, pair.hello()))
    for at in range(25):
        refused(pair.terminal, with_payload(challenge, lambda whole, at=at: flipped(whole, at)))
    refused(pair.terminal, with_payload(challenge, lambda whole: whole[:-1]))
    refused(pair.terminal, with_payload(challenge, lambda whole: whole + b"\0"))
    assert deliver(pair.terminal, challenge) == []


def test_retry_is_bit_identical():
    pair = Pair()
    hello = pair.hello()
    assert pair.terminal.retry() == hello
    challenge = sent(deliver(pair.server, hello))
    assert sent(deliver(pair.server, pair.terminal.retry())) == challenge
    deliver(pair.terminal, challenge)
    assert pair.terminal.retry() is None
    request = pair.terminal.request(b"first")
    assert pair.terminal.retry() == pair.terminal.retry() == request
    deliver(pair.server, request)
    assert deliver(pair.server, request) == []  # still being answered: neither event nor frame
    reply = pair.server.reply(b"answer")
    for _ in range(3):
        assert sent(deliver(pair.server, pair.terminal.retry())) == reply
    deliver(pair.terminal, reply)
    assert pair.terminal.retry() is None
    push = pair.server.request(b"push")
    assert pair.server.retry() == push


def test_retry_while_renewing_repeats_hello_and_request():
    pair = Pair().opened()
    request = pair.terminal.request(b"waiting")
    hello = pair.hello()
    assert pair.terminal.retry() == hello + request


def test_cached_reply_dies_with_the_session():
    pair = Pair().opened()
    request, reply = pair.exchange(b"old", b"old answer")
    pair.challenged()
    first = pair.terminal.request(b"new")
    assert deliver(pair.server, first) == [("open", 2), ("request", b"new")]
    refused(pair.server, request)
    deliver(pair.terminal, pair.server.reply(b"new answer"))
    refused(pair.server, request)
    refused(pair.terminal, reply)


def test_an_answer_to_a_dead_session_does_not_become_one_of_the_new():
    pair = Pair().opened()
    deliver(pair.server, pair.terminal.request(b"old question"))
    asked_in = pair.server.epoch
    pair.challenged()
    deliver(pair.server, pair.terminal.request(b"new question"))
    not_allowed(pair.server, pair.server.reply, b"old answer", asked_in)
    assert deliver(pair.terminal, pair.server.reply(b"new answer", pair.server.epoch)) == [
        ("open", 2),
        ("reply", b"new answer"),
    ]


def test_what_was_outstanding_in_the_old_session_is_forgotten():
    pair = Pair().opened()
    pair.terminal.request(b"lost")
    pair.challenged()
    assert not pair.terminal.waiting
    pair.exchange(b"lost, again", b"got it")
    assert pair.terminal.retry() is None


def test_stale_and_duplicate_counters():
    pair = Pair().opened()
    request = pair.terminal.request(b"one")
    deliver(pair.server, request)
    not_allowed(pair.terminal, pair.terminal.request, b"two at once")
    ahead = Pair().opened()  # the same keys by the same seeds, one request further
    ahead.exchange(b"one", b"one")
    refused(pair.server, ahead.terminal.request(b"two"))  # the one before is not answered yet
    pair.server.reply(b"one")
    ahead.server.receive(*frames(ahead.terminal.retry())[0])
    early = ahead.server.reply(b"two")
    refused(pair.terminal, early)  # a reply to a request that was never made
    assert deliver(pair.server, ahead.terminal.retry()) == [("request", b"two")]
    refused(pair.server, request)


def test_no_plaintext_accepted_after_opening():
    pair = Pair().opened()
    for body in (b"", b"report in clear", bytes(4) + b"report in clear", bytes(40)):
        for kind in (frame.TERMINAL_REQUEST, frame.TERMINAL_REPLY):
            refused(pair.server, frame.pack(ADDRESS, kind, body))
        for kind in (frame.SERVER_REPLY, frame.SERVER_REQUEST):
            refused(pair.terminal, frame.pack(ADDRESS, kind, body))
    pair.exchange(b"sealed", b"only")


def test_no_body_before_opening():
    pair = Pair()
    not_allowed(pair.terminal, pair.terminal.request, b"x")
    not_allowed(pair.server, pair.server.request, b"x")
    not_allowed(pair.server, pair.server.reply, b"x")
    sealed = Pair().opened().terminal.request(b"x")
    refused(pair.server, sealed)
    challenge = sent(deliver(pair.server, pair.hello()))
    not_allowed(pair.terminal, pair.terminal.request, b"x")
    not_allowed(pair.server, pair.server.request, b"x")
    deliver(pair.terminal, challenge)
    deliver(pair.server, pair.terminal.request(b"x"))
    assert pair.server.waiting
    not_allowed(pair.server, pair.server.request, b"before the first reply")
    deliver(pair.terminal, pair.server.reply(b"y"))
    pair.push(b"now", b"it works")
    not_allowed(pair.terminal, pair.terminal.reply, b"twice")


def test_version_downgrade_refused():
    pair = Pair()
    for version in (0, 2, 255):
        hello = with_payload(pair.hello(), lambda whole, v=version: bytes((v,)) + whole[1:])
        before = traces(pair.server)
        answer = sent(deliver(pair.server, hello))
        assert answer == reject(ADDRESS, reasons.VERSION)
        assert traces(pair.server) == before
        challenge = sent(deliver(pair.server, pair.terminal.retry()))
        older = with_payload(challenge, lambda whole, v=version: bytes((v,)) + whole[1:])
        refused(pair.terminal, older)


def test_stale_epoch_is_told_and_changes_nothing():
    pair = Pair()
    pair.epoch = 10
    pair.opened()
    restored = side(TERMINAL, 8)
    for epoch in (0, 5, 11):
        before = traces(pair.server)
        answer = sent(deliver(pair.server, restored.hello(epoch)))
        assert deliver(restored, answer) == [("rejected", reasons.STALE_EPOCH)]
        assert traces(pair.server) == before
    not_allowed(pair.terminal, pair.terminal.hello, 11)
    not_allowed(pair.terminal, pair.terminal.hello, 1 << 32)


def test_a_dead_random_source_repeats_no_keys():
    first, second = Pair(), Pair()
    second.epoch = 1
    for pair in (first, second):
        pair.terminal = side(TERMINAL, 1)
        pair.server = side(SERVER, 2)  # same seed: every random number comes again
        pair.opened()
    assert first.terminal.request(b"same") != second.terminal.request(b"same")


def test_hello_of_another_size_is_refused():
    pair = Pair()
    hello = pair.hello()
    refused(pair.server, with_payload(hello, lambda whole: whole[:-1]))
    refused(pair.server, with_payload(hello, lambda whole: whole + b"\0"))
    refused(pair.server, with_payload(hello, lambda whole: b""))
    assert epoch_of(frames(hello)[0][1]) == 1
    raises(RemoteError, epoch_of, b"")
    refused(pair.terminal, frame.pack(ADDRESS, frame.REJECT, b""))
    refused(pair.terminal, frame.pack(ADDRESS, frame.REJECT, b"\0\0"))


def test_exhausted_asks_for_a_hello_and_ends_in_the_end():
    pair = Pair().opened()
    assert not pair.terminal.exhausted
    for session in (pair.terminal, pair.server):  # as if so many had been made
        session._live._counter = session._live._asked = channel.EXHAUSTED_AFTER - 2
    pair.terminal._live._asked = pair.server._live._asked = channel.EXHAUSTED_AFTER - 3
    pair.exchange(b"a", b"b")
    assert not pair.terminal.exhausted
    pair.exchange(b"a", b"b")
    assert pair.terminal.exhausted
    assert pair.server.exhausted
    pair.exchange(b"still", b"works")
    pair.terminal._live._counter = 1 << 21
    not_allowed(pair.terminal, pair.terminal.request, b"no more")
    pair.opened()
    assert not pair.terminal.exhausted
