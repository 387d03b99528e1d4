"""The identity block under random fields and random bytes."""

from hypothesis import given
from hypothesis import strategies as st

from card_layout import identity
from card_layout.identity import Altered, Identity
from tests.shared.card import UID, mac_of

identities = st.builds(
    Identity,
    card=st.integers(0, 0xFFFFFF),
    holder_kind=st.sampled_from(identity.HOLDER_KINDS),
    valid_until=st.integers(0, 0xFFFF),
    list_stamp=st.integers(0, 0xFFFFFF),
    zones=st.integers(0, 0xFFFF),
    key_version=st.integers(0, 0xFF),
)


@given(identities)
def test_what_goes_in_comes_out(whole):
    assert identity.unpack(identity.pack(whole, UID, mac_of()), UID, mac_of()) == whole


@given(identities, st.integers(0, 127))
def test_no_bit_may_change(whole, bit):
    number = int.from_bytes(identity.pack(whole, UID, mac_of()), "big") ^ 1 << bit
    assert refused(number.to_bytes(16, "big"))


@given(st.binary(max_size=40))
def test_bytes_that_we_did_not_write_are_altered(block):
    assert refused(block)


def refused(block):
    try:
        identity.unpack(block, UID, mac_of())
    except Altered:
        return True
    return False
