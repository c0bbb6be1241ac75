"""How much disk mirrored files may take."""

from __future__ import annotations

import os
import re

from sos_online.errors import SOSError

VARIABLE = "SOS_MIRROR_LIMIT"
DEFAULT = 50 * 10**9

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?)B?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def mirror_limit() -> int:
    """Bytes, as SOS_MIRROR_LIMIT says (``200GB``, ``1.5TB``, ``500000000``); 50 GB if it does not."""
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return DEFAULT
    found = _SIZE.fullmatch(text)
    size = int(float(found[1]) * _UNITS[found[2].lower()]) if found else 0
    if size < 1:
        raise SOSError(f"{VARIABLE}: expected a size such as 200GB or 1.5TB, found {text!r}")
    return size
