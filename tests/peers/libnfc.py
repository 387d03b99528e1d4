"""As much of the C library libnfc as the tests call: open, select, exchange. No judgement here."""

import ctypes
import ctypes.util

_NP_INFINITE_SELECT = 7  # nfc_property of nfc-types.h
_NMT_ISO14443A, _NBR_106 = 1, 1
_ANSWER_MAX = 300
_TARGET_MAX = 512


class _Modulation(ctypes.Structure):
    _fields_ = (("type", ctypes.c_int), ("baud", ctypes.c_int))


class Libnfc:
    """One open reader; `name` as in LIBNFC_DEFAULT_DEVICE. Close it."""

    def __init__(self, name):
        found = ctypes.util.find_library("nfc")
        assert found, "libnfc is missing: apt-get install libnfc-bin (make setup)"
        self._c = ctypes.CDLL(found)
        self._c.nfc_open.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p()
        self._c.nfc_init(ctypes.byref(self._context))
        device = self._c.nfc_open(self._context, name.encode())
        assert device, f"libnfc cannot open {name}"
        self._device = ctypes.c_void_p(device)
        assert self._c.nfc_initiator_init(self._device) == 0
        self._c.nfc_device_set_property_bool(self._device, _NP_INFINITE_SELECT, False)

    def select(self):
        """-> number of cards selected: 0 or 1."""
        target = ctypes.create_string_buffer(_TARGET_MAX)
        kind = _Modulation(_NMT_ISO14443A, _NBR_106)
        return self._c.nfc_initiator_select_passive_target(self._device, kind, None, 0, target)

    def exchange(self, data):
        """-> bytes of the answer, or the negative error of libnfc (-20 air, -30 wrong key)."""
        answer = ctypes.create_string_buffer(_ANSWER_MAX)
        got = self._c.nfc_initiator_transceive_bytes(
            self._device, bytes(data), len(data), answer, _ANSWER_MAX, 1000
        )
        return answer.raw[:got] if got >= 0 else got

    def close(self):
        """Give the reader back."""
        self._c.nfc_close(self._device)
        self._c.nfc_exit(self._context)
