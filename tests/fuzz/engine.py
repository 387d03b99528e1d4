"""A child of `tests.fuzz`: libFuzzer, through atheris, over one target with instrumented code."""

import sys
import traceback

import atheris

from tests.fuzz import targets

PACKAGES = ["protocol", "card_layout", "firmware", "sync_server", "terminal_sim", "tests"]


def main():
    """Arguments: the target's name, [--as PROGRAM,] then libFuzzer's own. Does not return."""
    name = sys.argv.pop(1)
    if sys.argv[1] == "--as":
        sys.argv[:3] = sys.argv[2:3]
    with atheris.instrument_imports(include=PACKAGES):
        call = targets.function(name)

    def one(data):
        try:
            call(data)
        except BaseException:  # the engine's own words do not reach a pipe
            traceback.print_exc()
            sys.stderr.flush()
            raise

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
