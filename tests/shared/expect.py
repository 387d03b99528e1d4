"""What pytest gives the other tests and the shared ones must do without."""


def raises(error, call, *arguments):
    """-> the exception, when `call(*arguments)` raises `error`; AssertionError otherwise."""
    try:
        result = call(*arguments)
    except error as caught:
        return caught
    raise AssertionError(f"no {error.__name__}, but {result!r}")
