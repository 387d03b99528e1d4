"""`campus run --once` as a stranger types it."""

import json
import socket

from click.testing import CliRunner

from sync_server.cli import campus


# shows R28
def test_a_short_noon_ends_well(tmp_path):
    out = tmp_path / "out.json"
    done = CliRunner().invoke(campus, ["run", "--once", "--taps", "40", "--json", str(out)])
    assert done.exit_code == 0, done.output
    figures = json.loads(out.read_text())
    assert figures["taps"] == figures["accepted"] + figures["refused"] == 42  # two were found
    assert figures["uploaded"] == 42 and figures["ledger_sum"] == 0
    assert figures["list_version"] == 2 and figures["refused"] >= 2
    for name in ("taps", "accepted", "refused", "uploaded", "ledger sum", "list version"):
        assert name in done.output
    assert "console: http://127.0.0.1:" in done.output


def test_a_place_that_cannot_be_had_is_one_clear_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        done = CliRunner().invoke(campus, ["run", "--once", "--http", place])
    assert done.exit_code == 1
    assert done.output.strip().splitlines()[-1].startswith("Error: the server did not start")
