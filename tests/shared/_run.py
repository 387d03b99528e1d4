"""Runs on MicroPython: every test_* of the named files; a line each, exit 1 when one fails."""

import gc
import sys


def run(name):
    """-> how many tests of tests/shared/NAME.py failed; a file without any counts as one."""
    module = __import__("tests.shared." + name, None, None, ("*",))
    tests = [test for test in sorted(dir(module)) if test.startswith("test_")]
    if not tests:
        print("FAIL no tests in", name)
        return 1
    failed = 0
    for test in tests:
        gc.collect()
        try:
            getattr(module, test)()
            print("ok  ", name, test)
        except Exception as error:
            failed += 1
            print("FAIL", name, test)
            sys.print_exception(error)
    return failed


if __name__ == "__main__":
    gc.threshold(16384)  # as the terminal does, or garbage cuts the heap to pieces
    sys.exit(1 if sum([run(name) for name in sys.argv[1:]]) else 0)
