"""The real mpremote as a command at the board's console, emulated or real."""


def test_it_finds_our_board(mpremote):
    asks = "import sys; print(sys.implementation._machine, sys.version)"
    (said,) = mpremote(["exec", asks])
    assert said.startswith("Campus terminal with RP2040") and "1.25.0" in said


def test_it_finds_our_firmware_in_the_slot(mpremote):
    there, encoded = mpremote(
        ["exec", "import os; print(sorted(os.listdir('/slot')))"],
        ["exec", "from protocol import cobs; print(cobs.encode(b'a'))"],
    )
    assert there.strip() == "['card_layout', 'firmware', 'protocol']"
    assert encoded.strip() == "b'\\x02a\\x00'"


def test_it_writes_a_configuration(mpremote, tmp_path):
    file = tmp_path / "config.json"
    file.write_text('{"pins": null}')
    said = mpremote(
        ["cp", str(file), ":config.json"], ["cat", ":config.json"], ["rm", ":config.json"]
    )
    assert said[1] == '{"pins": null}'
