"""The kinds of objects, one file each."""

from __future__ import annotations

from sos_online.library.demo.kind import Kind
from sos_online.library.demo.kinds import (
    apple,
    ball,
    balloon,
    cactus,
    car,
    cupcake,
    duck,
    fish,
    gift_box,
    lamp,
    mug,
    mushroom,
    teapot,
    vase,
)

KINDS: tuple[Kind, ...] = tuple(
    module.KIND
    for module in (
        mug, balloon, apple, teapot, ball, car, vase, duck, cupcake, fish, lamp, gift_box, mushroom, cactus,
    )
)  # fmt: skip
