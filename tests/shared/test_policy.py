"""The order of the checks is the order of importance, and every one leaves its bit."""

from firmware.core import policy
from protocol import reasons


def stub(bits):
    """The checks of the real table, but with answers of our own."""
    return [
        (reason, (lambda yes: lambda tap: yes)(bool(bits >> at & 1)))
        for at, (reason, _) in enumerate(policy.CHECKS)
    ]


def test_each_reason_once_and_within_the_policy_word():
    codes = [reason for reason, _ in policy.CHECKS]
    assert len(set(codes)) == len(codes)
    assert all(0 < code < 32 for code in codes)


def test_nothing_bites():
    assert policy.judge(None, stub(0)) == (reasons.OK, 0)


def test_of_any_two_the_first_one_answers_and_both_leave_their_bit():
    codes = [reason for reason, _ in policy.CHECKS]
    for first in range(len(codes)):
        for second in range(first, len(codes)):
            answer, bits = policy.judge(None, stub(1 << first | 1 << second))
            assert answer == codes[first]
            assert bits == 1 << codes[first] | 1 << codes[second]


def test_all_at_once():
    everything = 0
    for reason, _ in policy.CHECKS:
        everything |= 1 << reason
    answer, bits = policy.judge(None, stub((1 << len(policy.CHECKS)) - 1))
    assert (answer, bits) == (reasons.NOT_READY, everything)
