"""Orders of emergencies, signed once with a key that nobody has any more.

FIRST to TILLS are the centre's, FORGED is somebody else's. All begin at NOON of the campus, or a
minute or two later, and end an hour after it.
"""

from protocol import emergency
from protocol.emergency import DRILL, EMERGENCY, END, Order
from tests.shared.campus import NOON

CENTRE = bytes.fromhex("029bbf9bc25b9372594baf0ad6011d285f50050146cf5394fb8f17d01f786f88bd")
_END = NOON + 3600


def _signed(order, signature):
    return emergency.pack(order) + bytes.fromhex(signature)


FIRST = _signed(
    Order(1, EMERGENCY, 6, NOON, _END, 2000, 3000),
    "1d83afab212955c97e59229e2472edcee314d443a14bc958299e23afc81e0275c5ca837d25a44274"
    "5a08949245425b7d3dd35a1e69d8161e4f3238227e411fd4",
)
ENDED = _signed(
    Order(2, END, 6, NOON + 60, _END, 0, 0),
    "2d7edff629118356bf454ed51aee6ed5ccee9e2eb41f1d33ba717f111ae4baef6a2b741d603bb1b9"
    "994422e79a56986e0a819bf61898c02af1c8eb816f6b127c",
)
AGAIN = _signed(
    Order(3, EMERGENCY, 6, NOON + 120, _END, 2000, 3000),
    "107f59056b75f099756c396736344b17facd575509b1da975f1a4d053076c7e0b7dd1605e48919e5"
    "568915665e11195777b6cab7fd37e857b62807afb368f0eb",
)
PRACTICE = _signed(
    Order(4, DRILL, 6, NOON, _END, 2000, 3000),
    "3e626925bafe286931f48654a9a0d320f6033ed928929b5d544fc9d0b39e5eccd54cf5ea00c37e40"
    "6646041bd4782ffb4d1f5b2995ea60442131163493d59c99",
)
TILLS = _signed(
    Order(5, EMERGENCY, 2, NOON, _END, 2000, 3000),
    "9843a910dfb7387c9644d0673c3c214ca80d5d71234acbc9b038b68d3089e94b243459d4cb9457c6"
    "06897a4d476684b07e78ec81ded1f9d60f61ab48aed7e6d8",
)
FORGED = _signed(
    Order(9, EMERGENCY, 6, NOON, _END, 2000, 3000),
    "32c7e91088c61ceb46c0a82e29949f2a7b785a896263c4f98e7688f31c9ef099855f83cd4a81aa5f"
    "7aa2c2764060cb0f7b1e09aa3c21baf697b13201a228694d",
)
