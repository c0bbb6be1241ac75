"""What may stand behind a noun, as the grammar lists it."""

from __future__ import annotations

PICTURES = ["picture", "image"]


def _places() -> dict[str, str]:
    table = {}
    for side in ("left", "right"):
        table[f"on the {side}"] = side
        table[f"on the {side} side"] = side
        for picture in PICTURES:
            table[f"on the {side} of the {picture}"] = side
            table[f"on the {side} side of the {picture}"] = side
    for side in ("top", "bottom"):
        table[f"at the {side}"] = side
        for picture in PICTURES:
            table[f"at the {side} of the {picture}"] = side
    for said, row in (("top", "top"), ("upper", "top"), ("bottom", "bottom"), ("lower", "bottom")):
        for column in ("left", "right"):
            corner = f"in the {said} {column} corner"
            for text in (corner, *(f"{corner} of the {picture}" for picture in PICTURES)):
                table[text] = f"{row} {column}"
    for middle in ("middle", "centre"):
        table[f"in the {middle}"] = "middle"
        for picture in PICTURES:
            table[f"in the {middle} of the {picture}"] = "middle"
    return table


def _split(table: dict[str, str]) -> list[tuple[tuple[str, ...], str]]:
    return [(tuple(text.split()), meaning) for text, meaning in table.items()]


PLACES = _split(_places())
RELATIONS = _split(
    {
        "to the left of": "left",
        "left of": "left",
        "to the right of": "right",
        "right of": "right",
        "above": "above",
        "below": "below",
        "nearest to": "nearest",
        "closest to": "nearest",
        "in front of": "front",
        "partly covering": "front",
        "behind": "behind",
        "partly hidden by": "behind",
        "on": "on",
        "surrounded by": "surrounded",
        "between": "between",
    }
)
FURTHEST = _split(
    {
        "furthest to the left": "left",
        "furthest to the right": "right",
        "at the very top": "top",
        "at the very bottom": "bottom",
    }
)
FAR = _split({"on the far left": "left", "on the far right": "right"})
FROM = _split({f"from the {side}": side for side in ("left", "right", "top", "bottom")})
# copulas before a place or a relation, and before an attribute (negated or not)
IS = {False: [("that", "is"), ("which", "is")], True: [("that", "are"), ("which", "are")]}
IS_NOT: dict[bool, list[tuple[str, ...]]] = {
    False: [("that", "is", "not"), ("which", "is", "not"), ("that", "isn't"), ("which", "isn't")],
    True: [("that", "are", "not"), ("which", "are", "not"), ("that", "aren't"), ("which", "aren't")],
}
