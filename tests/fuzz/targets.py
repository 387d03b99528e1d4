"""All fuzz targets: name -> (module, longest input, whether MicroPython plays it too)."""

_STREAM = "stream_targets"
_SESSION = "session_targets"
_BODY = "body_targets"
_CARD = "card_targets"
_TAP = "tap_targets"
_SERVER = "server_targets"
_FILE = "file_targets"

TABLE = {
    "cobs_stream": (_STREAM, 1200, True),
    "frames": (_STREAM, 1200, True),
    "framed": (_STREAM, 400, True),
    "reader": (_STREAM, 700, True),
    "answered": (_STREAM, 400, True),
    "session_terminal": (_SESSION, 300, True),
    "session_server": (_SESSION, 300, True),
    "session_line": (_SESSION, 200, True),
    "message": (_BODY, 400, True),
    "known_message": (_BODY, 400, True),
    "one_record": (_BODY, 70, True),
    "batches": (_BODY, 3300, True),
    "full_list": (_BODY, 300, True),
    "delta": (_BODY, 300, True),
    "rice_bits": (_BODY, 300, True),
    "parameters": (_BODY, 400, True),
    "key_page": (_BODY, 140, True),
    "emergency_order": (_BODY, 130, True),
    "purse": (_CARD, 60, True),
    "identities": (_CARD, 30, True),
    "access_bits": (_CARD, 3, True),
    "wallet": (_CARD, 30, True),
    "qr_code": (_CARD, 300, True),
    "hostile_mifare": (_TAP, 300, True),
    "hostile_cpu": (_TAP, 300, True),
    "http": (_SERVER, 300, False),
    "gateway": (_SERVER, 600, False),
    "requests": (_SERVER, 600, False),
    "card_rows": (_FILE, 400, False),
    "card_dump": (_FILE, 600, False),
    "key_file": (_FILE, 300, False),
}

# not of the table: it fails, so that a test can see that failures are found
PLANTED = {"planted": ("planted_targets", 8, False)}

SHARED = sorted(name for name in TABLE if TABLE[name][2])


def function(name):
    """The target: bytes -> verdict."""
    row = TABLE.get(name) or PLANTED[name]
    module = __import__("tests.fuzz." + row[0], None, None, ("*",))
    return getattr(module, name)
