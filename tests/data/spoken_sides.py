"""Left and right in what is said, against the boxes of the target."""

from __future__ import annotations

import re

from sos_online.types import Target

_SIDE = re.compile(r"^(.*) on the (left|right)( side)?( of the (image|picture))?$")
_ANOTHER = re.compile(r" (of|to|than|and|above|below|behind|by|covering|except|but) ")


def check_left_and_right(target: Target, width: int) -> int:
    """Whoever is on the left has its centre in the left half; how many expressions were checked."""
    checked = 0
    for expression in target["expressions"]:
        said = _SIDE.match(expression["text"])
        if said is None or _ANOTHER.search(said[1]):  # it may be said of another object
            continue
        for row in expression["rows"]:
            x1, _, x2, _ = target["boxes"][row].tolist()
            assert ((x1 + x2) / 2 < width / 2) == (said[2] == "left"), expression
            checked += 1
    return checked
