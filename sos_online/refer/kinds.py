"""Kinds of things whose members are beyond dispute: a banana is a fruit, a mug is none."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

Kind = Literal["fruit", "animal", "vehicle"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_MEMBERS: dict[Kind, str] = {
    "fruit": "apple, banana, orange",
    "animal": "bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, fish",
    "vehicle": "car, bus, truck, train, motorcycle, bicycle, airplane, boat",
}
_DOUBTFUL: dict[Kind, str] = {
    "fruit": "pear, lemon, tomato",
    "animal": "rubber duck, teddy bear, hot dog, person, toy",
    "vehicle": "skateboard, surfboard, skis, snowboard, toy",
}
_OF_NO_KIND = (
    "ball, balloon, cactus, cupcake, gift box, lamp, mug, mushroom, teapot, vase, traffic light, fire hydrant, "
    "stop sign, parking meter, bench, backpack, umbrella, handbag, tie, suitcase, frisbee, sports ball, kite, "
    "baseball bat, baseball glove, tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, sandwich, "
    "broccoli, carrot, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, "
    "remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, scissors, hair drier, "
    "toothbrush"
)


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(","))


_KIND_OF = {kind: _names(text) for kind, text in _MEMBERS.items()}
_PERHAPS = {kind: _names(text) for kind, text in _DOUBTFUL.items()}
_KNOWN = _names(_OF_NO_KIND).union(*_KIND_OF.values(), *_PERHAPS.values())


@lru_cache(maxsize=1 << 15)
def may_be(name: str, other: str) -> bool:
    """Whether one of two names in lower case is a kind, of which a thing with the other may be: *fruit* and *apple*."""
    pairs = ((name, other), (other, name))
    return any(one == kind and is_kind(another, kind) is not False for kind in KINDS for one, another in pairs)


def is_kind(name: str, kind: Kind) -> bool | None:
    """Whether a thing called ``name``, in lower case, is of a kind; None if that is not known or a matter of taste."""
    if name in _KIND_OF[kind]:
        return True
    return None if name not in _KNOWN or name in _PERHAPS[kind] else False
