"""Names in the base firmware's flash: read out of compiled modules, and not too old a list."""

from hypothesis import given
from hypothesis import strategies as st

from image import names
from terminal_sim.image import compile_file

BEHIND = 100  # names that cost RAM until the list is written anew: 7 bytes each, and a pool's step
NAMES = st.from_regex(r"our_[a-zA-Z_0-9]{0,30}", fullmatch=True)  # none that it has by itself


@given(st.lists(NAMES, min_size=1, max_size=200, unique=True))
def test_the_frozen_module_has_each_name(tmp_path_factory, listed):
    folder = tmp_path_factory.mktemp("names")
    source, target = folder / "names.py", folder / "names.mpy"
    source.write_text(names.module(listed))
    compile_file(source, source, target)
    assert names.of(target.read_bytes()) - {"_"} == set(listed)


def test_the_list_is_not_far_behind():
    missing = set(names.used()) - set(names.kept())
    assert len(missing) <= BEHIND, "run make names, then make image-base"
