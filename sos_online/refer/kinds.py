"""Kinds of things: whose members are beyond dispute (a banana is a fruit, a mug is none), or which a library names."""

from __future__ import annotations

from functools import cache

_MEMBERS = {
    "fruit": "apple, banana, orange",
    "animal": "bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, fish",
    "vehicle": "car, bus, truck, train, motorcycle, bicycle, airplane, boat",
    "appliance": "microwave, oven, toaster, refrigerator",
}
_DOUBTFUL = {
    "fruit": "pear, lemon, tomato",
    "animal": "rubber duck, teddy bear, hot dog, person, mouse, kite, toy",
    "vehicle": "skateboard, surfboard, skis, snowboard, toy",
    "appliance": "sink, hair drier, tv, laptop, mouse, remote, keyboard, cell phone, clock, lamp, toilet, "
    "traffic light, parking meter, toy",
}
KINDS = tuple(_MEMBERS)
"""Kinds that a table knows, whatever the library."""

_OF_NO_KIND = (
    "ball, balloon, cactus, cupcake, gift box, mug, mushroom, teapot, vase, fire hydrant, stop sign, bench, "
    "backpack, umbrella, handbag, tie, suitcase, frisbee, sports ball, kite, baseball bat, baseball glove, "
    "tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, sandwich, broccoli, carrot, pizza, donut, "
    "cake, chair, couch, potted plant, bed, dining table, book, scissors, toothbrush"
)
# supercategories by which people call a single thing: nobody calls a chair a furniture, nor a cup a kitchen
_BY_WORD = (
    "bird, insect, animal, fruit, vegetable, flower, tree, aircraft, vehicle, appliance, instrument, "
    "musical instrument, tool, weapon, container, building, toy"
)
_WITHIN = {"bird": "animal", "aircraft": "vehicle"}
# what sets call a member of the table that is one all the same
_ALSO = {"fruit": "food", "animal": "bird", "vehicle": "aircraft"}
# sets put these where nobody else would
_DOUBTFUL_BY_WORD = {
    "vegetable": "tomato, mushroom",
    "insect": "spider, scorpion, centipede, snail, worm",
    "instrument": "microphone, radio",
    "musical instrument": "microphone, radio",
}
# that they are made of something does not make imitations of them
_MADE_OF_MATERIALS = "appliance, instrument, musical instrument, tool, container, toy"
_DEVICES = "appliance, instrument, musical instrument"
_AT_HAND = "tool, weapon, container"
# no thing is both; a toy may look like anything, and what is to eat may be an animal
_NEVER_BOTH = (
    (
        "animal, bird, insect, person",
        f"fruit, vegetable, flower, tree, vehicle, aircraft, {_DEVICES}, {_AT_HAND}, building",
    ),
    ("fruit, vegetable, flower, tree", f"vehicle, aircraft, {_DEVICES}, {_AT_HAND}, building"),
    ("food", f"person, vehicle, aircraft, {_DEVICES}, tool, weapon, building"),
    ("vehicle, aircraft, building", _DEVICES),
    ("bird", "insect, person"),
    ("insect", "person"),
)


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(","))


SAYABLE = tuple(name.strip() for name in _BY_WORD.split(","))
"""Kinds that a library may name, a narrow one before what it lies within: what is said of a thing is the first."""


_KIND_OF: dict[str, frozenset[str]] = {kind: _names(text) for kind, text in _MEMBERS.items()}
_PERHAPS: dict[str, frozenset[str]] = {kind: _names(text) for kind, text in (_DOUBTFUL | _DOUBTFUL_BY_WORD).items()}
_KNOWN = _names(_OF_NO_KIND).union(*_KIND_OF.values(), *(_PERHAPS[kind] for kind in KINDS))
_OF_MATERIALS = _names(_MADE_OF_MATERIALS)
_PAIRS = [(_names(some), _names(others)) for some, others in _NEVER_BOTH]
_TOLD_APART = frozenset(SAYABLE).union(*(some | others for some, others in _PAIRS))


def supercategory_as_kind(supercategory: str) -> str:
    """A supercategory in lower case; in the singular if it is a kind that is known here: *vehicles* are *vehicle*."""
    singular = "person" if supercategory == "people" else supercategory.removesuffix("s")
    return singular if singular in _TOLD_APART else supercategory


@cache
def apart(one: str, other: str) -> bool:
    """Whether nothing can be of both kinds."""
    return any((one in some and other in others) or (other in some and one in others) for some, others in _PAIRS)


def in_table(name: str, kind: str) -> bool:
    """Whether the table says of a name, in lower case, if it is of a kind; also that this is a matter of taste."""
    return kind in KINDS and is_in_table(name)


def is_in_table(name: str) -> bool:
    """Whether the table knows what a name in lower case stands for."""
    return name in _KNOWN


def groups_of(name: str, supercategory: str) -> frozenset[str]:
    """What the table and the library, each by itself, say that a name belongs to; also what nobody calls a kind."""
    by_table = (kind for kind, members in _KIND_OF.items() if name in members)
    return frozenset((supercategory, _WITHIN.get(supercategory, ""), *by_table)) - {""}


def is_kind(name: str, kind: str, supercategory: str = "") -> bool | None:
    """Whether a thing is of a kind; None if that is not known or a matter of taste.

    Args:
        name: of its category, in lower case.
        kind: one of the table or of ``SAYABLE``.
        supercategory: of its category, as :func:`supercategory_as_kind` gives it; empty if not known.
    """
    if name in _PERHAPS.get(kind, ()) or name in _PERHAPS.get(_WITHIN.get(kind, ""), ()):
        return None
    if name in _KIND_OF.get(kind, ()):
        return True if supercategory in ("", kind, _ALSO.get(kind)) else None
    if kind in (supercategory, _WITHIN.get(supercategory)):
        return None if _holds_otherwise(name, kind, supercategory) or in_table(name, kind) else True
    if in_table(name, kind):
        return False
    others = (other for other in groups_of(name, supercategory) if apart(kind, other))
    return False if any(is_kind(name, other, supercategory) for other in others) else None


def _holds_otherwise(name: str, kind: str, supercategory: str) -> bool:
    """Whether a name has a kind, or one of its kind, in it other than at its end: a toolbox is no tool, a tool box
    neither, and a bird cage and a dog collar are no animals."""
    words = (kind, supercategory, *_KIND_OF.get(kind, ()))
    return any(word in name and not f" {name}".endswith(f" {word}") for word in words)


def is_imitation(supercategory: str, *, has_material: bool, says_toy: bool) -> bool:
    """Whether a thing may be an imitation of its kind, by its words: an apple of wood, a toy car."""
    return (has_material and supercategory not in _OF_MATERIALS) or (says_toy and supercategory != "toy")
